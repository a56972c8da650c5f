// A client's work with the generated functions and types: what is misspelled here does not compile.
import { client } from "./client/client.gen.js";
import {
  getEnvironments, getIncidentCategories, getIncidents, getIncidentsId, getIncidentsIdKeyEvents, getIncidentsIdLifecycle,
  getIncidentsIdMembers, getIncidentsIdUpdates, getPriorities, patchIncidentsId, patchIncidentsIdKeyEvents, patchIncidentsIdRoles,
  postIncidents, postIncidentsIdClose, postIncidentsIdMembers, postIncidentsIdReopen, postIncidentsIdUpdates,
} from "./client/sdk.gen.js";
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
const read = need((await getIncidentsId({ path: { id: made.id } })).data, "incident");
if (read.title !== body.title || read.priority.name !== priority.name) throw new Error("another incident came back");
const list = need((await getIncidents({ query: { status: [10], limit: 5 } })).data, "list");
if (!list.some((one) => one.id === made.id)) throw new Error("it is not in the list");
const refused = await postIncidents({ body: { ...body, title: "" } });
if (refused.error?.errors[0].attr !== "title") throw new Error("the error is not typed");

const path = { id: made.id };
const patched = need((await patchIncidentsId({ path, body: { status: "Investigating", title: "It has another name" } })).data, "incident");
if (patched.status !== "Investigating" || patched.title !== "It has another name") throw new Error("nothing was changed");
const step = need((await postIncidentsIdUpdates({ path, body: { message: "We know the cause" } })).data, "update");
if (!need((await getIncidentsIdUpdates({ path })).data, "timeline").some((one) => one.id === step.id)) throw new Error("no step");
await patchIncidentsIdKeyEvents({ path, body: { key_events: { detected: "2026-11-23T10:00:00Z" } } });
const events = need((await getIncidentsIdKeyEvents({ path })).data, "key events");
if (!events.find((one) => one.event_type === "detected")?.at) throw new Error("the key event is not set");
const roles = need((await patchIncidentsIdRoles({ path, body: { roles: { commander: "client@example.org" } } })).data, "roles");
if (roles[0].person.email !== "client@example.org") throw new Error("the role is not held");
await postIncidentsIdMembers({ path, body: { person: "client@example.org" } });
if (!need((await getIncidentsIdMembers({ path })).data, "members").length) throw new Error("nobody is a member");
const next = need((await getIncidentsIdLifecycle({ path })).data, "lifecycle").next.map((one) => one.label);
if (!next.includes("Mitigating")) throw new Error(`after Investigating come ${next}`);
const early = await postIncidentsIdClose({ path, body: {} });
if (early.error?.errors[0].attr !== "closure_reason") throw new Error("closed early without a reason");
const closed = need((await postIncidentsIdClose({ path, body: { closure_reason: "false_positive" } })).data, "incident");
const opened = need((await postIncidentsIdReopen({ path, body: { message: "It was true after all" } })).data, "incident");
if (closed.status !== "Closed" || opened.status !== "Investigating") throw new Error("neither closed nor opened again");
console.log(`incident ${made.id} by a generated client`);
export {};
