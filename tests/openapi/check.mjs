// Holds a running engine against its own description.
//     node check.mjs URL KEY FOLDER
// 1. the document is valid OpenAPI; 2. a client generated from it compiles (use.ts, strict types) and works; 3. each GET
// answers what the document says. FOLDER takes what is generated. Exit code 0: all is well.
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

// What answers say against what the document promises.
function makeShapes(document) {
  const ajv = new Ajv({ strict: false, allErrors: true });
  addFormats(ajv);
  ajv.addSchema(document, "document");
  return (schema, value, what) => {
    const text = JSON.stringify(schema).replaceAll("#/components", "document#/components");
    const validate = ajv.compile(JSON.parse(text));
    check(validate(value), what, ajv.errorsText(validate.errors).slice(0, 500));
  };
}

// The first row of the list beside it stands for "{id}".
async function pathOf(path) {
  const place = path.indexOf("{");
  if (place < 0) return path;
  const list = await (await fetch(url + path.slice(0, place), { headers })).json();
  if (!Array.isArray(list) || list.length === 0) return null;
  return path.replace(/\{[^}]*\}/, String(list[0].id)).replace(/\{[^}]*\}/, "0");
}

async function checkReads(document) {
  const fits = makeShapes(document);
  let count = 0;
  for (const operation of operationsOf(document).filter((one) => one.method === "get")) {
    const path = await pathOf(operation.path);
    const schema = operation.responses["200"].content?.["application/json"]?.schema;
    if (!path || !schema) continue;
    const answer = await fetch(url + path, { headers });
    const body = await answer.json();
    const promised = operation.responses[String(answer.status)];
    check(promised, `GET ${path} answers ${answer.status}, which is described`);
    if (promised) fits(promised.content["application/json"].schema, body, `GET ${path} ${answer.status}`);
    count++;
  }
  check(count >= 15, `reads that were compared: ${count}`);
  for (const [what, path, options, status] of [
    ["no key", "incidents/", { headers: {} }, 401],
    ["no such incident", "incidents/999999/", { headers }, 404],
    ["a broken body", "incidents", { method: "POST", headers: { ...headers, "Content-Type": "application/json" },
                                     body: "{}" }, 400],
  ]) {
    const answer = await fetch(`${url}/api/v2/firefighter/${path}`, options);
    check(answer.status === status, what, String(answer.status));
    fits({ $ref: "#/components/schemas/Error" }, await answer.json(), `the error for ${what}`);
  }
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
await checkReads(document);
process.exit(failures ? 1 : 0);
