/**
 * Makes the README's links and pictures absolute, for the pages of npm and JSR, which do not know the
 * repository: `node .github/package_readme.js README.md https://github.com/owner/name v1.2.3`
 */

import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const [file, repository, tag] = process.argv.slice(2);
if (!file || !URL.canParse(repository) || !tag) {
  throw new Error("A file, the address of a repository and a tag were expected as arguments.");
}
const absolute = /^(https?:|#)/;
const pictures = repository.replace("https://github.com/", "https://raw.githubusercontent.com/");
const picture = (path) => absolute.test(path) ? path : `${pictures}/${tag}/${path}`;
const link = (path) => absolute.test(path) ? path : `${repository}/blob/${tag}/${path}`;

// Code is left as it is.
const parts = readFileSync(file, "utf8").split(/(^```.*?^```$)/ms);
const text = parts.map((part) =>
  part.startsWith("```") ? part : part
    .replaceAll(/(!\[[^\]]*\]\()([^)\s]+)/g, (_, before, path) => before + picture(path))
    .replaceAll(/((?<!!)\[[^\]]*\]\()([^)\s]+)/g, (_, before, path) => before + link(path))
    .replaceAll(/\b(src|srcset)="([^"]+)"/g, (_, name, path) => `${name}="${picture(path)}"`)
);
writeFileSync(file, text.join(""));
