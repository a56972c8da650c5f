---@meta engine.incidents
-- Made from the sources by `make docs`; do not edit.

--- The kernel's operations of the subject incident.
---@class engine.incidents
local M = {}

--- {id, person_id, reason?}: the person joins; emits members.changed -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.add_member(args, actor) end

--- {the conditions of incident.list}: what a board of many incidents shows, and what they have in common only once: {incidents, priorities, environments, categories, people}; an incident has id, title, description, status, status_label, created_at_ms, conversation_name?, and its places in those lists as priority, environment, category and created_by; the lists have what the brief form has
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.board(args, actor) end

--- {id, role, request_key?}: the caller takes the role from whoever holds it; emits roles.assigned -> {update_id, added, removed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.claim_role(args, actor) end

--- {id, message?, closure_reason?, closure_reference?, title?, description?, category?, priority?, request_key?, form?}: the same, to Closed
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.close(args, actor) end

--- {title, description, priority, category, environment or environments[], created_by or created_by_email, impacts{}?, custom_fields{}?, dedup_key?, ignore?, drill?, private?, response_type?, draft{scope,key}?, require_enabled?, form?, request_key?, brief?}: declares an incident -> {id, created, incident}; brief: without the incident, which costs a third
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.declare(args, actor) end

--- {id}: the incident with updates, members, invitations, strategy_runs, jobs, messages and metrics
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.detail(args, actor) end

--- {id, message?, request_key?}: ignores the incident from now on and closes it at once
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.downgrade(args, actor) end

--- {id} or {conversation: {platform, external_id}}: one incident
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.get(args, actor) end

--- {id}: all key events, with when they happened and who said so
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.key_events(args, actor) end

--- {id, closure_reason?}: where it stands -> {status, regime, next[], can_be_closed, reasons[], missing_key_events[], closure_reasons[]}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.lifecycle(args, actor) end

--- {status_below?, status_in?, priority_value_at_most?, created_after_ms?, before_id?, search?, of_person?, limit?, order?, is_brief?}: incidents without their impacts; order: "newest" (default) or "status"; search: words of the title, or a number; is_brief: only what a list shows (id, title, description of at most 600 characters, status, status_label, is_drill, created_at_ms, url, priority {name, value, emoji, description}, environment {value, name, description}, category {name, group {name}}, conversation {platform, external_id, name}, created_by {username, name}), which is several times as fast
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.list(args, actor) end

--- {id}: seen by its members, role holders and administrators only, for good; emits records.changed -> {is_changed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.make_private(args, actor) end

--- {id}: who is part of it -> [{person, since_ms}]
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.members(args, actor) end

--- {id, into, message?}: <id> is a duplicate: it is ignored and closed, names <into>, and its members become members of that; reopening it takes the link back; emits incident.merged -> {is_changed, incident, into}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.merge(args, actor) end

--- {id, person_id, reason?}: the person leaves; emits members.changed -> {is_changed}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.remove_member(args, actor) end

--- {id, message, status?, request_key?}: from Mitigated, Post-mortem or Closed back to work (Investigating), with a justification; the mark of a downgrade or a merge goes
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.reopen(args, actor) end

--- {id, custom_fields{key: value or null}}: these fields change, the others stay; emits records.changed -> {is_changed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_custom_fields(args, actor) end

--- {id, impacts{type: level or null}}: how much it is felt, type by type; emits records.changed -> {is_changed, suggested_priority_value, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_impacts(args, actor) end

--- {id, key_events: {event_type: ms or null}}: sets or removes key events and computes the metrics anew; emits key_events.updated -> {changed[], incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_key_events(args, actor) end

--- {id, roles:{slug: person id, [ids] or null}, request_key?}: who holds the roles; emits roles.assigned -> {update_id, added, removed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_roles(args, actor) end

--- {id, tags[]}: the incident's tags become these; emits records.changed -> {is_changed, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.set_tags(args, actor) end

--- {id, message?, status?, priority?, category?, environment or environments[]?, title?, description?, closure_reason?, closure_reference?, event_type?, event_at_ms?, ignore?, drill?, source{conversation_id, external_id, kind?}?, request_key?, form?}: a step on the timeline by the rules of the lifecycle (of the message <source> only a message, once); closure_* also correct what a closed incident says of its end; emits incident.updated, incident.closed, incident.reopened -> {update_id or null, updated_fields, old_status, old_priority_value, incident}
---@param args table?
---@param actor Actor?
---@return any answer
---@return Error? err
function M.update(args, actor) end

return M
