// A client's work with the generated functions and types: what is misspelled here does not compile.
import { client } from "./client/client.gen.js";
import { getIncidents, getIncidentsId, getEnvironments, getIncidentCategories, getPriorities, postIncidents } from "./client/sdk.gen.js";
import type { Incident, IncidentDeclaration } from "./client/types.gen.js";

declare const process: { argv: string[] };

const [url, key] = process.argv.slice(2);
client.setConfig({ baseUrl: url, auth: key });

function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new Error(`no ${what}`);
  return value;
}

const environment = need((await getEnvironments()).data?.[0], "environment");
const priority = need((await getPriorities()).data?.[0], "priority");
const category = need((await getIncidentCategories()).data?.find((one) => !one.private), "category");
const body: IncidentDeclaration = {
  title: "Declared by a generated client", description: "All the way round", environment_id: environment.id,
  incident_category_id: category.id, priority_id: priority.id, created_by_email: "client@example.org",
};
const made: Incident = need((await postIncidents({ body, headers: { "Idempotency-Key": "round-trip" } })).data, "incident");
const again: Incident = need((await postIncidents({ body, headers: { "Idempotency-Key": "round-trip" } })).data, "incident");
if (again.id !== made.id) throw new Error("the same key made two incidents");
const read = need((await getIncidentsId({ path: { id: String(made.id) } })).data, "incident");
if (read.title !== body.title || read.priority.name !== priority.name) throw new Error("another incident came back");
const list = need((await getIncidents({ query: { status: [10], limit: 5 } })).data, "list");
if (!list.some((one) => one.id === made.id)) throw new Error("it is not in the list");
const refused = await postIncidents({ body: { ...body, title: "" } });
if (refused.error?.errors[0].attr !== "title") throw new Error("the error is not typed");
console.log(`incident ${made.id} by a generated client`);
export {};
