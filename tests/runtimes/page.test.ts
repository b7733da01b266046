import { Hono } from "hono";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  job,
  JobQueue,
  memory,
  NonRetryableError,
  RetryAfterError,
  type Worker,
} from "../../mod.ts";
import { bearerToken, jobRouter, type JobRouterOptions } from "../../src/http.ts";
import { page as pageOf, type PageOptions } from "../../src/page.ts";
import { manualClock } from "../conformance/manual_clock.ts";

const page = (queue: JobQueue, options: JobRouterOptions = {}) =>
  new Hono().route(
    "/admin/queue",
    jobRouter(queue, { publicAccess: "write", page: pageOf(), ...options }),
  );

type App = ReturnType<typeof page>;

/** What a view shows, and its status. */
async function view(app: App, path: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await app.request(`/admin/queue${path}`, { headers });
  return { status: response.status, headers: response.headers, html: await response.text() };
}

/** The text of a view as it is read: without markup, white space as one space. */
function textOf(html: string): string {
  return html.replaceAll(/<[^>]*>/g, " ").replaceAll(/\s+/g, " ");
}

/** Where a view leads on to, as a browser takes it. */
function linksOf(html: string, from: string): string[] {
  const at = `http://localhost/admin/queue${from}`;
  return [...html.matchAll(/(?:href|src|action)="([^"]+)"/g)]
    .map(([, link]) => new URL(link!.replaceAll("&amp;", "&"), at).href);
}

const own = { "sec-fetch-site": "same-origin" };

const submit = (
  app: App,
  path: string,
  headers: Readonly<Record<string, string>> = own,
  body = "",
) =>
  app.request(`/admin/queue${path}`, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
    body,
  });

describe("the page", () => {
  test("is not there unless it is asked for", async () => {
    const app = jobRouter(new JobQueue({ store: memory() }), { publicAccess: "read" });
    assert.equal((await app.request("/page")).status, 404);
    assert.equal((await app.request("/")).status, 404);
  });

  test("shows a business process whatever its id is, and links to it", async () => {
    const queue = new JobQueue({ store: memory() });
    const app = page(queue);
    for (const correlationId of [".", "..", "a/b", "%2e", "order-1"]) {
      const { id } = await queue.enqueue("mails", {}, { correlationId });
      const { html } = await view(app, `/page/jobs/${id}`);
      const link = linksOf(html, `/page/jobs/${id}`).find((one) => one.includes("correlations"))!;
      const response = await app.request(link);
      assert.equal(response.status, 200, link);
      assert.ok((await response.text()).includes(id), link);
    }
  });

  test("refuses options that mean nothing, each in a sentence", () => {
    const queue = new JobQueue({ store: memory() });
    for (const page of [true, {}, "yes", null]) {
      assert.throws(
        () => jobRouter(queue, { publicAccess: "read", page: page as never }),
        /^TypeError: page must be what page\(\) of hammerwork\/page returns: got /,
      );
    }
    const make = (options: unknown) => () => pageOf(options as PageOptions);
    assert.throws(make("yes"), /^TypeError: The page's options must be an object: got "yes"/);
    assert.throws(make({ title: "" }), /title must be a non-empty string/);
    for (const template of ["http://jaeger", "javascript:{traceId}", "{traceId}", 5]) {
      assert.throws(
        make({ traceLinks: { Jaeger: template } }),
        /traceLinks\.Jaeger must be an http\(s\) address that contains \{traceId\}/,
      );
    }
  });

  test("is what the router's own address leads to, with a slash at its end and without", async () => {
    const app = page(new JobQueue({ store: memory() }));
    for (const path of ["", "/"]) {
      const { status, headers } = await view(app, path);
      assert.equal(status, 303);
      const to = new URL(headers.get("location")!, `http://localhost/admin/queue${path}`);
      assert.equal(to.pathname, "/admin/queue/page");
    }
  });

  test("answers with a policy that lets nothing in but its own style and script", async () => {
    const { headers, html } = await view(page(new JobQueue({ store: memory() })), "/page");
    assert.equal(headers.get("content-type"), "text/html; charset=utf-8");
    assert.equal(headers.get("cache-control"), "no-store");
    assert.equal(headers.get("x-content-type-options"), "nosniff");
    const policy = headers.get("content-security-policy")!;
    assert.match(policy, /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(policy, /unsafe|\*/);
    assert.doesNotMatch(html, / style=| on[a-z]+=|<style|<script(?! src)/);
    assert.match(html.trimStart(), /^<!doctype html>/);
  });

  test("leads only to what is there, from every view", async () => {
    const queue = new JobQueue({ store: memory() });
    const parent = await queue.enqueue("parent", 1, { correlationId: "a/b ?c" });
    const child = await queue.enqueue("child", 2, { parent, dependsOn: [parent] });
    const app = page(queue);
    const places = [
      "/page",
      `/page/jobs/${child.id}`,
      `/page/traces/${parent.traceId}`,
      "/page/correlations/a%2Fb%20%3Fc",
      "/page/search?q=nothing",
      "/page/jobs",
      "/page/failures",
      "/page/traces",
    ];
    for (const place of places) {
      const { html } = await view(app, place);
      for (const link of linksOf(html, place).filter((one) => one.startsWith("http"))) {
        const isForm = /\/(retry|cancel|act)$/.test(link);
        const response = await app.request(link, isForm ? { method: "POST" } : {});
        assert.ok([200, 303, isForm ? 403 : 404].includes(response.status), `${place} ${link}`);
        const isKnown = isForm || link.endsWith("/search") || !link.includes("#") &&
            response.status === 200 ||
          link.includes("#");
        assert.ok(isKnown, `${place} leads to ${link}: ${response.status}`);
      }
    }
  });

  test("is for those who may read, and offers actions to those who may write", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("queue", {});
    const authorize = bearerToken({ read: "reader", write: "writer" });
    const app = page(queue, { publicAccess: undefined, authorize });
    const basic = (password: string) => ({ authorization: `Basic ${btoa(`me:${password}`)}` });
    for (const path of ["/page", "/page/page.css", "/page/page.js", `/page/jobs/${id}`]) {
      const refused = await view(app, path);
      assert.equal(refused.status, 401);
      assert.match(refused.headers.get("www-authenticate")!, /^Basic realm=/);
      assert.equal((await view(app, path, basic("reader"))).status, 200);
      assert.equal((await view(app, path, basic("wrong"))).status, 401);
      assert.equal((await view(app, path, { authorization: "Basic !" })).status, 401);
    }
    const read = await view(app, `/page/jobs/${id}`, basic("reader"));
    const write = await view(app, `/page/jobs/${id}`, basic("writer"));
    assert.deepEqual([read, write].map(({ html }) => html.includes("Cancel job")), [
      false,
      true,
    ]);
    const refused = await submit(app, `/page/jobs/${id}/cancel`, { ...own, ...basic("reader") });
    assert.equal(refused.status, 403);
    assert.equal((await queue.get(id))?.status, "ready");
    const done = await submit(app, `/page/jobs/${id}/cancel`, { ...own, ...basic("writer") });
    assert.equal(done.status, 303);
    assert.equal((await queue.get(id))?.status, "cancelled");
  });

  test("cancels with the reason that is given and retries, and comes back to the job", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("queue", {});
    const app = page(queue);
    const cancelled = await submit(app, `/page/jobs/${id}/cancel`, own, "reason=No+more+%3C3");
    const to = new URL(
      cancelled.headers.get("location")!,
      `http://localhost/admin/queue/page/jobs/${id}/cancel`,
    );
    assert.equal(to.pathname, `/admin/queue/page/jobs/${id}`);
    assert.equal((await queue.get(id))?.error?.message, "No more <3");
    assert.match((await view(app, `/page/jobs/${id}`)).html, /No more &lt;3/);
    assert.equal((await submit(app, `/page/jobs/${id}/retry`)).status, 303);
    assert.equal((await queue.get(id))?.status, "ready");
    const again = await submit(app, `/page/jobs/${id}/retry`);
    assert.equal(again.status, 409);
    assert.match(await again.text(), /Only a failed or cancelled job can be retried/);
  });

  test("changes nothing for the forms of other sites", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("queue", {});
    const app = page(queue, { allowedOrigins: ["https://elsewhere.example"] });
    const foreign: readonly Readonly<Record<string, string>>[] = [
      {},
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "none" },
      { "sec-fetch-site": "cross-site", origin: "http://localhost" },
      { origin: "https://elsewhere.example" },
      { origin: "null" },
    ];
    for (const headers of foreign) {
      const response = await submit(app, `/page/jobs/${id}/cancel`, headers);
      assert.equal(response.status, 403, JSON.stringify(headers));
    }
    assert.equal((await queue.get(id))?.status, "ready");
    const allowed = await submit(app, `/page/jobs/${id}/cancel`, { origin: "http://localhost" });
    assert.equal(allowed.status, 303);
  });

  test("tells an error as a page of its own, and nothing of what went wrong inside", async () => {
    const reported: unknown[] = [];
    const store = memory();
    const queue = new JobQueue({ store });
    const app = page(queue, { onError: (error) => reported.push(error) });
    const missing = await view(app, `/page/jobs/${crypto.randomUUID()}`);
    assert.equal(missing.status, 404);
    assert.match(textOf(missing.html), /There is no job with this id/);
    assert.equal((await view(app, "/page/jobs/5")).status, 400);
    assert.equal((await view(app, "/page?x=1")).status, 400);
    assert.equal((await view(app, `/page/traces/${"a".repeat(32)}`)).status, 404);
    store.counts = () => Promise.reject(new Error("password is tr0ub4dor"));
    const broken = await view(app, "/page");
    assert.equal(broken.status, 500);
    assert.doesNotMatch(broken.html, /tr0ub4dor/);
    assert.equal(reported.length, 1);
  });
});

describe("the page's search", () => {
  test("knows which of the three ids it is given, in any spelling", async () => {
    const queue = new JobQueue({ store: memory() });
    const traceId = "550e8400e29b41d4a716446655440000";
    const { id } = await queue.enqueue("queue", {}, { traceId, correlationId: "order 1/2" });
    const app = page(queue);
    const found = async (q: string) => {
      const { headers } = await view(app, `/page/search?${new URLSearchParams({ q })}`);
      const location = headers.get("location");
      return location && new URL(location, "http://localhost/admin/queue/page/search").pathname;
    };
    const trace = `/admin/queue/page/traces/${traceId}`;
    assert.equal(await found(` ${id.toUpperCase()} `), `/admin/queue/page/jobs/${id}`);
    assert.equal(await found(traceId), trace);
    assert.equal(await found("550E8400-E29B-41D4-A716-446655440000"), trace);
    assert.equal(await found("order 1/2"), "/admin/queue/page/correlations/order%201%2F2");
  });

  test("knows the end of an id, the beginning of a correlation id and the name of a queue", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id, traceId } = await queue.enqueue("mail_queue", {}, { correlationId: "order-12345" });
    const other = await queue.enqueue("bill_queue", {}, { correlationId: "order-12346" });
    const app = page(queue);
    const found = async (q: string) => {
      const { status, headers, html } = await view(
        app,
        `/page/search?${new URLSearchParams({ q })}`,
      );
      const location = headers.get("location");
      if (location === null) return [status, html.match(/<li>/g)?.length];
      const { pathname, search } = new URL(location, "http://localhost/admin/queue/page/search");
      return pathname.slice("/admin/queue".length) + search;
    };
    assert.equal(await found(id.slice(-6).toUpperCase()), `/page/jobs/${id}`);
    assert.equal(await found(traceId.slice(-8)), `/page/traces/${traceId}`);
    assert.equal(await found("order-12345"), "/page/correlations/order-12345");
    assert.deepEqual(await found("order-1"), [200, 2]);
    assert.equal(await found("mail_queue"), "/page/jobs?queueName=mail_queue");
    assert.equal(await found("BILL"), "/page/jobs?queueName=bill_queue");
    assert.deepEqual(await found("_queue"), [200, 2]);
    assert.deepEqual(await found(" "), [200, undefined]);
    assert.deepEqual(await found(other.id.slice(-5) + "g"), [404, undefined]);
  });

  test("says what it did not find, whatever was asked for", async () => {
    const app = page(new JobQueue({ store: memory() }));
    for (const q of ["<b>", "0".repeat(32), "\u0000", "a".repeat(300), "'; drop table jobs"]) {
      const { status, html } = await view(app, `/page/search?${new URLSearchParams({ q })}`);
      assert.equal(status, 404, q);
      assert.doesNotMatch(html, /<b>/);
    }
    assert.equal((await view(app, `/page/search?q=${"a".repeat(301)}`)).status, 400);
  });
});

describe("the page's list of jobs", () => {
  /** What the overview says of a queue, each number with the text of the view that it leads to. */
  const leadsTo = async (app: App, queueName: string) => {
    const { html } = await view(app, "/page");
    const [row] = html.split("<tr>").filter((one) => one.includes(`>${queueName}<`));
    const cells = [...row!.matchAll(/data-label="([^"]+)">(?:–|<a\s+href="([^"]+)"\s*>([^<]*)<)/g)];
    return await Promise.all(
      cells.filter(([, , link]) => link !== undefined).map(async ([, label, link, text]) => {
        const at = new URL(link!.replaceAll("&amp;", "&"), "http://localhost/admin/queue/page");
        const response = await app.request(at.href);
        assert.equal(response.status, 200, at.href);
        return [label!, text!, textOf(await response.text())] as const;
      }),
    );
  };

  test("is what every number of the overview leads to", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue([job("mails", 1), job("mails", 2), job("mails", 3, { delayMs: 60_000 })]);
    await queue.enqueue("others", 4);
    await queue.worker("mails", ({ payload }) => {
      if (payload === 2) throw new NonRetryableError("The address is wrong");
    }, { concurrency: 2 }).tick();
    await queue.enqueue("mails", 5);
    const shown = await leadsTo(page(queue), "mails");
    const labels = shown.map(([label, text]) => `${label} ${text}`);
    const oldest = labels.at(-1)!;
    assert.deepEqual(labels.slice(0, -1), [
      "Ready 1",
      "Waiting 1",
      "Completed 1",
      "Failed 1",
      "Last hour 2",
      "Failure rate 50 %",
    ]);
    assert.match(oldest, /^Oldest ready \d+ ms$/);
    for (const [label, , text] of shown) {
      if (label === "Failure rate") assert.match(text, /1 × mails .* The address is wrong/);
      else assert.match(text, /mails …[0-9a-f]{6}/, label);
    }
  });

  test("filters by queue, status, business process and time, and says how many match", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const old = await queue.enqueue("mails", 1, { correlationId: "order-1" });
    clock.pass(7_200_000);
    const young = await queue.enqueue("mails", 2);
    const due = await queue.enqueue("others", 3, { delayMs: 1_000 });
    const app = page(queue);
    const found = async (query: string) => {
      const { status, html } = await view(app, `/page/jobs?${query}`);
      assert.equal(status, 200, query);
      return [old, young, due].filter(({ id }) => html.includes(`<li id="${id}"`));
    };
    assert.deepEqual(await found(""), [old, young, due]);
    assert.deepEqual(await found("queueName=mails&status=&correlationId="), [old, young]);
    assert.deepEqual(await found("status=waiting"), [due]);
    assert.deepEqual(await found("correlationId=order-1"), [old]);
    const time = new Date(clock.now() - 1_000).toISOString();
    assert.deepEqual(await found(`createdFrom=${time}`), [young, due]);
    assert.deepEqual(await found(`createdBefore=${time.slice(0, 19)}`), [old]);
    assert.match(textOf((await view(app, "/page/jobs?queueName=mails")).html), /Jobs 2 jobs/);
    for (const wrong of ["status=lost", "within=soon", "createdFrom=now", "cursor=x", "q=1"]) {
      assert.equal((await view(app, `/page/jobs?${wrong}`)).status, 400, wrong);
    }
  });

  test("has pages, and each keeps the filter", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue(Array.from({ length: 250 }, (_, i) => job("mails", i)));
    await queue.enqueue("others", 1);
    const app = page(queue);
    const sizes: number[] = [];
    let place: string | undefined = "/page/jobs?queueName=mails";
    while (place !== undefined) {
      const { html } = await view(app, place);
      sizes.push(html.match(/<li id="/g)!.length);
      assert.doesNotMatch(html, />others<\/a>/);
      const next = /<a href="[^"]*(\/page\/jobs[^"]*)" rel="next"/.exec(
        html.replaceAll("&amp;", "&"),
      );
      place = next?.[1];
    }
    assert.deepEqual(sizes, [100, 100, 50]);
  });
});

describe("the page's actions on many jobs", () => {
  const setUp = async () => {
    const queue = new JobQueue({ store: memory() });
    const jobs = await queue.enqueue([job("mails", 1), job("mails", 2), job("others", 3)]);
    for (const name of ["mails", "others"]) {
      await queue.worker(name, () => {
        throw new NonRetryableError("No");
      }, { concurrency: 2 }).tick();
    }
    const statuses = async () =>
      await Promise.all(jobs.map(async ({ id }) => (await queue.get(id))!.status));
    return { queue, jobs, statuses };
  };
  /** The form of a confirmation, as a browser sends it. */
  const formOf = (html: string) =>
    new URLSearchParams(
      [...html.matchAll(/type="hidden"\s+name="([^"]+)"\s+value="([^"]*)"/g)]
        .map(([, name, value]) => [name!, value!]),
    ).toString();

  test("ask first, with how many jobs there are, and then say how many were changed", async () => {
    const { queue, statuses } = await setUp();
    const app = page(queue);
    const list = "/page/jobs?queueName=mails&status=failed";
    const { html } = await view(app, list);
    const links = linksOf(html, list).filter((one) => one.includes("/act?"));
    assert.equal(links.length, 1);
    const asked = await (await app.request(links[0]!)).text();
    assert.match(textOf(asked), /Retry 2 jobs\? .* queue mails , status failed/);
    assert.deepEqual(await statuses(), ["failed", "failed", "failed"]);
    const done = await submit(app, "/page/act", own, `${formOf(asked)}&reason=Again`);
    assert.equal(done.status, 303);
    assert.deepEqual(await statuses(), ["ready", "ready", "failed"]);
    const to = new URL(done.headers.get("location")!, "http://localhost/admin/queue/page/act");
    const after = textOf(await (await app.request(to.href)).text());
    assert.match(after, /2 jobs retried\. No other job that matches can be retried\./);
    const { jobs: [changed] } = await queue.find({ queueName: "mails", limit: 1 });
    assert.equal(changed!.operation?.reason, "Again");
  });

  test("are for the chosen jobs, too, and never for all without a choice", async () => {
    const { queue, jobs, statuses } = await setUp();
    const app = page(queue);
    const { html } = await view(app, "/page/jobs");
    assert.equal(html.match(/type="checkbox"/g)?.length, 3);
    assert.equal(linksOf(html, "/page/jobs").filter((one) => one.includes("/act?")).length, 0);
    const chosen = `do=retry&id=${jobs[0]!.id}&id=${jobs[2]!.id}`;
    const asked = await view(app, `/page/act?${chosen}`);
    assert.match(textOf(asked.html), /Retry 2 jobs\?/);
    assert.equal((await submit(app, "/page/act", own, formOf(asked.html))).status, 303);
    assert.deepEqual(await statuses(), ["ready", "failed", "ready"]);
    for (
      const form of ["do=retry", "do=retry&status=", "do=delete&status=failed", "status=failed"]
    ) {
      assert.equal((await view(app, `/page/act?${form}`)).status, 400, form);
      assert.equal((await submit(app, "/page/act", own, form)).status, 400, form);
    }
    assert.equal((await submit(app, "/page/act", {}, "do=retry&status=failed")).status, 403);
    assert.deepEqual(await statuses(), ["ready", "failed", "ready"]);
  });

  test("are seen by those who may write, and reach the queues only in which they may", async () => {
    const { queue, statuses } = await setUp();
    const authorize = bearerToken({
      tokens: [
        { token: "reader", right: "read" },
        { token: "mailer", right: "read" },
        { token: "mailer", right: "write", queues: ["mails"] },
      ],
    });
    const app = page(queue, { publicAccess: undefined, authorize });
    const as = (token: string) => ({ authorization: `Basic ${btoa(`me:${token}`)}` });
    const list = "/page/jobs?status=failed";
    const read = await view(app, list, as("reader"));
    assert.doesNotMatch(read.html, /checkbox|page\/act|\/act\?/);
    assert.match((await view(app, list, as("mailer"))).html, /checkbox/);
    const form = "do=retry&status=failed";
    assert.match(textOf((await view(app, `/page/act?${form}`, as("mailer"))).html), /Retry 2 jobs/);
    const refused = await submit(app, "/page/act", { ...own, ...as("reader") }, form);
    assert.equal(refused.status, 403);
    const done = await submit(app, "/page/act", { ...own, ...as("mailer") }, form);
    assert.equal(done.status, 303);
    assert.deepEqual(await statuses(), ["ready", "ready", "failed"]);
  });

  test("make waiting jobs due now, and cancel what has not ended", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("mails", 1, { delayMs: 60_000 });
    const app = page(queue);
    await submit(app, "/page/act", own, "do=run-now&queueName=mails");
    assert.equal((await queue.get(id))?.status, "ready");
    await submit(app, "/page/act", own, `do=cancel&id=${id}&reason=No+more`);
    assert.equal((await queue.get(id))?.error?.message, "No more");
  });
});

describe("the page's failures", () => {
  test("are one line for all whose errors differ in numbers and ids only", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    await queue.enqueue(Array.from({ length: 40 }, (_, i) => job("mails", i)));
    await queue.enqueue("others", 3);
    const fail = (payload: unknown) => {
      clock.pass(1_000);
      const message = payload === 7
        ? "No <b>address</b>"
        : `Row ${payload} of ${crypto.randomUUID()}`;
      throw new NonRetryableError(message);
    };
    const workers = ["mails", "others"].map((name) =>
      queue.worker(name, ({ payload }) => fail(payload))
    );
    for (let i = 0; i < 41; i++) for (const worker of workers) await worker.tick();
    const app = page(queue);
    const { html } = await view(app, "/page/failures");
    const lines = html.match(/<li id="[^]*?<\/li>/g)!.map(textOf);
    assert.equal(lines.length, 3);
    assert.ok(
      lines.some((line) => /39 × mails NonRetryableError: Row \d+ of .*, first/.test(line)),
    );
    assert.ok(lines.some((line) => /1 × mails .* No &lt;b&gt;address/.test(line)));
    assert.ok(lines.some((line) => /1 × others .* Row 3 of/.test(line)));
    const only = await view(app, "/page/failures?queueName=others");
    assert.equal(only.html.match(/<li id="/g)?.length, 1);
    const links = linksOf(html, "/page/failures").filter((one) => one.includes("like="));
    const texts = await Promise.all(
      links.map(async (link) => textOf(await (await app.request(link)).text())),
    );
    const counts = texts.map((text) => /(\d+) failed jobs? in (\w+)/.exec(text)!.slice(1));
    assert.deepEqual(counts.sort(), [["1", "mails"], ["1", "others"], ["39", "mails"]]);
    const gone = await view(app, `/page/failures?like=${crypto.randomUUID()}`);
    assert.equal(gone.status, 404);
  });
});

describe("the page's list of traces", () => {
  const linesOf = (html: string) => (html.match(/<li id="[^]*?<\/li>/g) ?? []).map(textOf);

  test("says of each the first job, how many there are, and how they stand", async () => {
    const queue = new JobQueue({ store: memory() });
    const order = await queue.enqueue("order", 1, { correlationId: "order-1" });
    await queue.enqueue("mail", 2, { parent: order });
    const bill = await queue.enqueue("bill", 3);
    await queue.enqueue("mail", 4, { parent: bill });
    const worker = (name: string) =>
      queue.worker(name, () => {
        if (name === "bill") throw new NonRetryableError("No");
      });
    await worker("order").tick();
    await worker("bill").tick();
    const app = page(queue);
    const first = linesOf((await view(app, "/page/traces")).html);
    assert.match(first[0]!, /○ ready bill 2 jobs for \d+ ms 1 failed/);
    assert.match(first[1]!, /○ ready order-1 order 2 jobs for \d+ ms/);
    for (let i = 0; i < 2; i++) await worker("mail").tick();
    const found = async (query: string) => {
      const { html } = await view(app, `/page/traces?${query}`);
      return linesOf(html).map((line) =>
        /(failed|completed|ready) .*?(order|bill) /.exec(line)![2]
      );
    };
    assert.deepEqual(await found(""), ["bill", "order"]);
    assert.deepEqual(await found("status=completed&queueName="), ["order"]);
    assert.deepEqual(await found("status=failed"), ["bill"]);
    assert.deepEqual(await found("status=unfinished"), []);
    assert.deepEqual(await found("queueName=order"), ["order"]);
    assert.equal((await view(app, "/page/traces?status=ready")).status, 400);
  });

  test("has pages, and a trace is on one of them", async () => {
    const queue = new JobQueue({ store: memory() });
    const parents = await queue.enqueue(Array.from({ length: 120 }, (_, i) => job("order", i)));
    for (const parent of parents) await queue.enqueue("mail", 1, { parent });
    await queue.enqueue(Array.from({ length: 150 }, () => job("mail", 2, { parent: parents[0]! })));
    const app = page(queue);
    const lines: string[] = [];
    let place: string | undefined = "/page/traces";
    let pages = 0;
    while (place !== undefined) {
      const { html } = await view(app, place);
      lines.push(...linesOf(html));
      place = /<a href="[^"]*(\/page\/traces[^"]*)" rel="next"/.exec(html.replaceAll("&amp;", "&"))
        ?.[1];
      pages++;
    }
    assert.equal(lines.length, 120);
    assert.ok(pages > 2);
    assert.match(lines[0]!, /order more than 100 jobs/);
    assert.equal(lines.filter((line) => /order 2 jobs/.test(line)).length, 119);
  });
});

/** Runs all that is ready, as often as the clock has to be moved for it. */
async function runAll(workers: readonly Worker[], pass: () => void): Promise<void> {
  for (let turn = 0; turn < 5; turn++) {
    for (const worker of workers) await worker.tick();
    pass();
  }
}

describe("the page's waterfall", () => {
  test("says of each job in words what its bar shows", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const order = await queue.enqueue("order", {});
    const payment = await queue.enqueue("payment", {}, { parent: order });
    await queue.enqueue("mail", {}, { parent: order, dependsOn: [payment] });
    await queue.enqueue("ledger", {}, { parent: order });
    const workers = [
      queue.worker("order", () => clock.pass(100)),
      queue.worker("payment", ({ attempts }) => {
        clock.pass(20);
        if (attempts < 3) throw new Error("The gateway answered 503");
      }, { backoff: { type: "fixed", delayMs: 1_000 } }),
      queue.worker("mail", () => {}),
      queue.worker("ledger", () => {
        throw new NonRetryableError("<i>No</i> account");
      }),
    ];
    await runAll(workers, () => clock.pass(1_000));
    const { html } = await view(page(queue), `/page/traces/${order.traceId}`);
    const text = textOf(html);
    assert.match(text, /4 jobs took/);
    assert.match(text, /Completed, waited \d+ ms, ran \d+ ms\. Has 3 child jobs\./);
    assert.match(
      text,
      /in 3 attempts\. Attempt 1 of 3 failed after \d+ ms: The gateway answered 503\. Attempt 2 of 3 failed after \d+ ms with the same error\./,
    );
    assert.match(text, /Child of order\. Depends on payment\./);
    assert.match(text, /Attempt 1 of 3 failed after \d+ ms: &lt;i&gt;No&lt;\/i&gt; account\./);
    const marks = [...html.matchAll(/<use href="#mark-([a-z-]+)" class="[a-z-]+"\s+x=/g)];
    assert.deepEqual(marks.map(([, name]) => name), ["retried", "retried", "unblocked", "failed"]);
  });

  test("says of a job that was snoozed how often in a row, and that no attempt has counted", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("mail", {});
    const html = async () => textOf((await view(page(queue), `/page/jobs/${id}`)).html);
    assert.match(await html(), /No attempt has started\. The maximum is 3\./);
    const worker = queue.worker("mail", ({ snoozes }) => {
      throw new RetryAfterError({ delayMs: snoozes === 0 ? 0 : 60_000 });
    });
    assert.equal((await worker.tick()).snoozed, 2);
    assert.match(
      await html(),
      /No attempt has counted, snoozed 2 times in a row\. The maximum is 3\./,
    );
  });

  test("says what a job waited for and on what the end of the trace depended, and draws both", async () => {
    // The page says how long it is until now.
    let time = Date.now() - 3_200;
    const queue = new JobQueue({ store: memory({ now: () => time }) });
    const order = await queue.enqueue("order", {});
    const payment = await queue.enqueue("payment", {}, { parent: order });
    const mail = await queue.enqueue("mail", {}, { parent: order, dependsOn: [payment] });
    await queue.enqueue("ledger", {}, { parent: order, dependsOn: [mail] });
    const later = await queue.enqueue("later", {}, { parent: order, delayMs: 86_400_000 });
    for (const name of ["order", "payment"]) {
      time += 100;
      await queue.worker(name, () => {}).tick();
    }
    time += 3_000;
    const shown = async () => {
      const { html } = await view(page(queue), `/page/traces/${order.traceId}`);
      const [row] = html.split("<li ").filter((one) => one.startsWith(`id="${mail.id}"`));
      return { text: textOf(html), row: row!, mail: textOf(row!) };
    };
    const before = await shown();
    assert.match(before.text, /ledger level 2 waits for mail ◇ blocked/);
    assert.match(
      before.text,
      /later level 2 ◷ scheduled 3\.\d s in 23 h .* Due in 23 h, at \d{4}-/,
    );
    await queue.worker("mail", () => {}).tick();
    await queue.cancel(later.id);
    time += 100;
    await queue.worker("ledger", () => {}).tick();
    const { text, row, mail: words } = await shown();
    assert.match(words, /mail level 2 after payment ✓ completed 3\.\d s \d+ ms Completed, waited/);
    assert.match(words, /On the critical path\./);
    assert.match(text, /Critical path: (3|2\.9) s of 3\.\d s waiting for a worker of mail, \d+ ms/);
    assert.match(text, /waited ran/);
    assert.equal(row.match(/class="depends"/g)?.length, 2);
    assert.ok(row.match(/class="path"/g)!.length >= 1);
  });

  test("folds many jobs of one queue under one parent, and shows those that went wrong", async () => {
    const queue = new JobQueue({ store: memory() });
    const parent = await queue.enqueue("import", {});
    await queue.enqueue(
      Array.from({ length: 40 }, (_, i) => job("batch", i, { parent })),
    );
    await queue.worker("import", () => {}).tick();
    await queue.worker("batch", ({ payload }) => {
      if (payload === 7) throw new NonRetryableError("Row 17");
    }).tick();
    const app = page(queue);
    const place = `/page/traces/${parent.traceId}`;
    const folded = await view(app, place);
    assert.match(textOf(folded.html), /39 × batch .* 39 completed\./);
    assert.equal(folded.html.match(/class="row failed"/g)?.length, 1);
    const [open] = linksOf(folded.html, place).filter((link) => link.includes("?open="));
    const opened = await (await app.request(open!)).text();
    assert.equal(opened.match(/class="row completed"/g)?.length, 40);
    const [close] = linksOf(opened, place).filter((link) => link.endsWith("?"));
    assert.ok(close);
  });

  test("shows a business process with all its traces on one time line", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const correlationId = "order-12345";
    const first = await queue.enqueue("order", {}, { correlationId });
    clock.pass(5_000);
    const second = await queue.enqueue("refund", {}, { correlationId });
    const { html } = await view(page(queue), `/page/correlations/${correlationId}`);
    const order = [first.traceId, first.id, second.traceId, second.id].map((id) =>
      html.indexOf(id)
    );
    assert.deepEqual(order, [...order].sort((a, b) => a - b));
    assert.match(textOf(html), /2 jobs .* 2 traces/);
  });

  test("holds a chain of thousands of jobs, page by page", async () => {
    const queue = new JobQueue({ store: memory() });
    let parent = await queue.enqueue("link", 0);
    const { traceId } = parent;
    for (let i = 1; i < 2_000; i++) parent = await queue.enqueue("link", i, { parent });
    const app = page(queue);
    const { html } = await view(app, `/page/traces/${traceId}?from=1500`);
    assert.match(textOf(html), /Previous rows Rows 1,501 to 2,000 of 2,000/);
    assert.equal(html.match(/<li id="/g)?.length, 500);
    const beyond = await view(app, `/page/traces/${traceId}?from=99999`);
    assert.match(textOf(beyond.html), /Rows 1,501 to 2,000/);
  });

  test("says so when a trace has more than the 10,000 jobs that it shows", async () => {
    const queue = new JobQueue({ store: memory() });
    const traceId = "550e8400e29b41d4a716446655440000";
    for (let i = 0; i < 11; i++) {
      await queue.enqueue(Array.from({ length: 1_000 }, (_, n) => job("row", n, { traceId })));
    }
    const { html } = await view(page(queue), `/page/traces/${traceId}`);
    assert.match(textOf(html), /Only the newest 10,000 jobs are shown\./);
    assert.match(textOf(html), /10,000 × row/);
  });

  test("leads to the same trace elsewhere, as its templates say", async () => {
    const queue = new JobQueue({ store: memory() });
    const { traceId } = await queue.enqueue("queue", {});
    const traceLinks = { Jaeger: "https://jaeger.example/trace/{traceId}?x=1&y={traceId}" };
    const { html } = await view(
      page(queue, { page: pageOf({ title: "Shop & Co", traceLinks }) }),
      `/page/traces/${traceId}`,
    );
    const link = `https://jaeger.example/trace/${traceId}?x=1&amp;y=${traceId}`;
    assert.ok(html.includes(`<a href="${link}" rel="noreferrer">Open in Jaeger</a>`));
    assert.match(html, /<title>Trace [0-9a-f]{8} · Shop &amp; Co<\/title>/);
  });
});
