// Holds a running engine against its own description.
//     node check.mjs URL KEY FOLDER
// 1. the document is valid OpenAPI; 2. a client generated from it compiles (use.ts, strict types) and works; 3. each GET
// answers what the document says, and nothing beside it, in each format; 4. every refusal that can be had from an
// operation is one that it names. FOLDER takes what is generated. Exit code 0: all is well.
import { writeFileSync, copyFileSync, symlinkSync, mkdirSync } from "node:fs";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createClient } from "@hey-api/openapi-ts";
import { Validator } from "@seriousme/openapi-schema-validator";
import Ajv from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const here = dirname(fileURLToPath(import.meta.url));
const [url, key, folder] = process.argv.slice(2);
const headers = { Authorization: `Bearer ${key}` };
let failures = 0;

function check(ok, what, detail = "") {
  if (!ok) {
    failures++;
    console.error(`not so: ${what}${detail ? ` (${detail})` : ""}`);
  }
}

async function readDocument() {
  const answer = await fetch(`${url}/api/v2/firefighter/schema`, { headers });
  check(answer.status === 200, "the document is served", String(answer.status));
  const document = await answer.json();
  const result = await new Validator({ strict: false }).validate(structuredClone(document));
  check(result.valid, "the document is valid", JSON.stringify(result.errors, null, 2));
  return document;
}

function operationsOf(document) {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, ...operation })));
}

function checkNames(document) {
  const seen = new Set();
  for (const { method, path, operationId, summary } of operationsOf(document)) {
    check(summary, `${method} ${path} says what it is for`);
    check(!seen.has(operationId), `${operationId} is the name of one operation`);
    seen.add(operationId);
  }
}

// Members that an answer has and the document does not name are mistakes of the document.
function close(schema) {
  if (Array.isArray(schema)) return schema.map(close);
  if (schema === null || typeof schema !== "object") return schema;
  const closed = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, close(value)]));
  return schema.properties && schema.additionalProperties === undefined ? { ...closed, additionalProperties: false } : closed;
}

// What answers say against what the document promises.
function makeShapes(document) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema({ components: { schemas: close(document.components.schemas) } }, "document");
  return (schema, value, what) => {
    const text = JSON.stringify(schema).replaceAll("#/components", "document#/components");
    const validate = ajv.compile(JSON.parse(text));
    check(validate(value), what, ajv.errorsText(validate.errors).slice(0, 500));
  };
}

function promisedOf(document, operation, status) {
  const promised = operation.responses[String(status)];
  return promised?.$ref ? document.components.responses[promised.$ref.split("/").pop()] : promised;
}

// Holds one answer against the document: the status, the media type, the headers it must have, and the body.
async function hold(document, fits, operation, answer, what) {
  const said = `${operation.method} ${what} answers ${answer.status}`;
  const promised = promisedOf(document, operation, answer.status);
  check(promised, `${said}, which is described`);
  if (!promised) return;
  const text = await answer.text();
  if (!promised.content) {
    check(text === "", `${said} with no body`, text);
    return;
  }
  const media = (answer.headers.get("content-type") || "").split(";")[0];
  check(promised.content[media], `${said} as ${media}, which is described`);
  if (media === "application/json") fits(promised.content[media].schema, JSON.parse(text), said);
  for (const name of answer.status === 429 ? ["retry-after"] : answer.status === 401 ? ["www-authenticate"] : []) {
    check(answer.headers.has(name), `${said} with ${name}`);
  }
}

// The first row of the list beside it stands for "{id}".
const paths = new Map();
async function pathOf(path) {
  if (!paths.has(path)) paths.set(path, await findPath(path));
  return paths.get(path);
}

async function findPath(path) {
  const place = path.indexOf("{");
  if (place < 0) return path;
  const list = await (await fetch(url + path.slice(0, place), { headers })).json();
  if (!Array.isArray(list) || list.length === 0) return null;
  return path.replace(/\{[^}]*\}/, String(list[0].id)).replace(/\{[^}]*\}/, "0");
}

async function checkReads(document, fits) {
  let count = 0;
  for (const operation of operationsOf(document).filter((one) => one.method === "get")) {
    const path = await pathOf(operation.path);
    if (!path) continue;
    await hold(document, fits, operation, await fetch(url + path, { headers }), path);
    for (const media of Object.keys(operation.responses["200"].content)) {
      const answer = await fetch(url + path, { headers: { ...headers, Accept: media } });
      check((answer.headers.get("content-type") || "").startsWith(media), `${path} is to be had as ${media}`, String(answer.status));
      await hold(document, fits, operation, answer, `${path} (${media})`);
    }
    const etag = operation.responses["304"] && (await fetch(url + path, { headers })).headers.get("etag");
    if (etag) await hold(document, fits, operation, await fetch(url + path, { headers: { ...headers, "If-None-Match": etag } }), path);
    count++;
  }
  check(count >= 15, `reads that were compared: ${count}`);
}

// Every parameter of every query, with a value of its type: none is refused, or it is refused as described.
async function checkQueries(document, fits) {
  const values = { integer: "7", string: "x", boolean: "true" };
  for (const operation of operationsOf(document).filter((one) => one.method === "get")) {
    for (const { name, schema } of operation.parameters.filter((one) => one.in === "query")) {
      const path = await pathOf(operation.path);
      const item = schema.oneOf?.[0] || schema.items || schema;
      const value = item.enum?.[0] ?? values[item.type];
      if (path) await hold(document, fits, operation, await fetch(`${url}${path}?${name}=${value}`, { headers }), `${path}?${name}=${value}`);
    }
  }
}

// What each operation says to those who have no key, ask for nothing that exists, in a form that nobody knows.
async function checkRefusals(document, fits) {
  let count = 0;
  for (const operation of operationsOf(document)) {
    const path = operation.path.replaceAll(/\{[^}]*\}/g, "999999");
    const method = operation.method.toUpperCase();
    const tries = [
      [{ method }, operation.security.length && operation.security.every((one) => one.key) ? 401 : null],
      [{ method, headers: { ...headers, Accept: "image/png" } }, operation.responses["406"] ? 406 : null],
      [{ method, headers }, null],
    ];
    if (operation.requestBody) {
      tries.push([{ method, headers: { ...headers, "Content-Type": "text/plain" }, body: "x" }, 415]);
      for (const body of ["{", "[]", "{}", '{"title":7,"message":[],"roles":1,"key_events":{"x":"y"},"nonsense":null}']) {
        tries.push([{ method, headers: { ...headers, "Content-Type": "application/json" }, body }, null]);
      }
    }
    for (const [options, status] of tries) {
      const answer = await fetch(url + path, options);
      if (status) check(answer.status === status, `${method} ${path} answers ${status}`, String(answer.status));
      check(answer.status < 500, `${method} ${path} does not fail`, String(answer.status));
      await hold(document, fits, operation, answer, path);
      count++;
    }
  }
  check(count > 150, `refusals that were compared: ${count}`);
}

// In a folder of its own, with use.ts beside the client and the packages of this folder.
async function makeClient(document) {
  mkdirSync(join(folder, "client"), { recursive: true });
  writeFileSync(join(folder, "document.json"), JSON.stringify(document));
  await createClient({
    input: join(folder, "document.json"), output: { path: join(folder, "client"), importFileExtension: ".js" },
    logs: { level: "silent", file: false },
    plugins: ["@hey-api/typescript", "@hey-api/sdk", "@hey-api/client-fetch"],
  });
  copyFileSync(join(here, "use.ts"), join(folder, "use.ts"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(here, "node_modules"), join(folder, "node_modules"));
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({
    compilerOptions: {
      strict: true, target: "es2022", module: "nodenext", lib: ["es2022", "dom", "dom.iterable"], types: [], outDir: "js",
    },
    files: ["use.ts"],
  }));
  execFileSync(process.execPath, [join(here, "node_modules/typescript/bin/tsc"), "-p", folder], { stdio: "inherit" });
}

const document = await readDocument();
checkNames(document);
await makeClient(document);
execFileSync(process.execPath, [join(folder, "js/use.js"), url, key], { stdio: "inherit" });
const fits = makeShapes(document);
await checkReads(document, fits);
await checkQueries(document, fits);
await checkRefusals(document, fits);
process.exit(failures ? 1 : 0);
