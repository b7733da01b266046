/**
 * The script of the page: it refreshes views, copies ids and adds keyboard navigation. Without it the
 * page has the same content and actions.
 *
 * @module
 */

import type { Asset } from "./view.ts";

const text = `"use strict";
document.documentElement.classList.add("js");
const REFRESH_MS = 2000;
const main = document.querySelector("main");
const live = document.getElementById("live");
const isLive = () => "live" in main.dataset;
let isPaused = false;
let timer;

function showLive(text) {
  if (!isLive()) return live.replaceChildren();
  if (live.firstChild === null) {
    const button = document.createElement("button");
    button.type = "button";
    button.addEventListener("click", () => {
      isPaused = !isPaused;
      isPaused ? clearTimeout(timer) : refresh();
      showLive();
    });
    live.append(button);
  }
  const label = text ?? (isPaused ? "Paused" : "Live");
  live.firstChild.textContent = label;
  live.firstChild.setAttribute("aria-label", label + (isPaused ? ", resume" : ", pause"));
}

// A hidden tab does not refresh, nor does a view that cannot change any more.
function schedule() {
  clearTimeout(timer);
  if (isLive() && !isPaused && !document.hidden) timer = setTimeout(refresh, REFRESH_MS);
}

async function refresh() {
  clearTimeout(timer);
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!response.ok) throw new Error(response.statusText);
    const next = new DOMParser().parseFromString(await response.text(), "text/html");
    // A list in which jobs are chosen keeps still.
    if (!isPaused && !main.querySelector("[name=id]:checked")) show(next);
    showLive();
  } catch {
    showLive("No response");
  }
  schedule();
}

function show(next) {
  const focused = document.activeElement;
  document.title = next.title;
  change(main, next.querySelector("main"));
  // An element that is moved loses the focus.
  if (focused.isConnected) focused.focus({ preventScroll: true });
}

// Changes only what differs, so that nothing flickers and the focus stays.
function change(from, to) {
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.data !== to.data) from.data = to.data;
    return;
  }
  for (const { name } of [...from.attributes]) {
    const isUsers = name === "open" || (name === "tabindex" && from === main);
    if (!isUsers && !to.hasAttribute(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value) from.setAttribute(name, value);
  }
  changeChildren(from, [...to.childNodes]);
}

function changeChildren(from, wanted) {
  const known = new Map([...from.children].filter(({ id }) => id).map((one) => [one.id, one]));
  let at = from.firstChild;
  for (const one of wanted) {
    const own = one.id ? known.get(one.id) : undefined;
    if (own !== undefined && own !== at) {
      from.insertBefore(own, at);
      at = own;
    }
    const isSame = at !== null && at.nodeName === one.nodeName && (at.id ?? "") === (one.id ?? "");
    if (isSame) {
      change(at, one);
      at = at.nextSibling;
    } else {
      from.insertBefore(document.importNode(one, true), at);
    }
  }
  while (at !== null) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

document.addEventListener("visibilitychange", () => {
  document.hidden ? clearTimeout(timer) : isLive() && !isPaused && refresh();
});

document.addEventListener("click", async ({ target }) => {
  const button = target.closest?.("button.copy");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(button.previousElementSibling);
    button.textContent = "Selected";
  }
});

// "/" focuses the search; up and down move between rows.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.("input, textarea, select")) return;
  if (event.key === "/") {
    event.preventDefault();
    document.getElementById("q").focus();
  }
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  const row = event.target.closest?.(".row");
  if (step === undefined || !row) return;
  const links = [...row.parentElement.querySelectorAll(".row a")];
  const next = links[links.indexOf(event.target) + step];
  if (next === undefined) return;
  event.preventDefault();
  next.focus();
});

showLive();
schedule();
`;

/** The script. */
export const script: Asset = { name: "page.js", type: "text/javascript; charset=utf-8", text };
