-- slack_failures: each method of Slack's fails in each way in each job that calls it, and each job ends in a state that
-- is written down here: done all the same, tried again, or dead with the method and Slack's word for it.
local conversations = require "engine.conversations"
local incidents = require "engine.incidents"
local invitations = require "engine.invitations"
local json = require "engine.json"
local kernel = require "engine.kernel"
local messages = require "engine.messages"
local people = require "engine.people"
local time = require "engine.time"
local url = require "engine.url"
local client = require "slack.client"
local methods = require "slack.methods"

local function words(text)
  local list = {}
  for word in text:gmatch "%S+" do list[#list + 1] = word end
  return list
end

-- ---- what Slack's pages say

-- Of every method: what time mends, and what it does not.
local TIME_MENDS = words [[fatal_error internal_error request_timeout service_unavailable ratelimited team_added_to_org
  org_login_required]]
local GENERAL = words [[invalid_auth account_inactive token_revoked missing_scope no_permission invalid_arguments]]
table.move(TIME_MENDS, 1, #TIME_MENDS, #GENERAL + 1, GENERAL)

local DOCUMENTED = {
  ["apps.connections.open"] = "forbidden_team not_allowed_token_type",
  ["auth.test"] = "not_authed token_expired",
  ["bookmarks.add"] = "channel_not_found invalid_emoji invalid_link too_many_bookmarks channel_type_not_supported",
  ["bookmarks.edit"] = "bookmark_not_found channel_not_found invalid_emoji invalid_link",
  ["bookmarks.list"] = "channel_not_found",
  ["chat.delete"] = "cant_delete_message channel_not_found compliance_exports_prevent_deletion message_not_found",
  ["chat.postEphemeral"] = "channel_not_found is_archived user_not_in_channel restricted_action not_in_channel",
  ["chat.postMessage"] = [[channel_not_found is_archived msg_too_long no_text not_in_channel restricted_action
    invalid_blocks metadata_too_large messages_tab_disabled message_limit_exceeded external_channel_migrating]],
  ["chat.update"] = [[cant_update_message channel_not_found edit_window_closed message_not_found msg_too_long
    update_failed]],
  ["conversations.archive"] = [[already_archived cant_archive_general channel_not_found restricted_action
    not_in_channel]],
  ["conversations.create"] = [[invalid_name_specials invalid_name_maxlength name_taken no_channel restricted_action
    user_is_restricted]],
  ["conversations.history"] = "channel_not_found invalid_cursor invalid_ts_oldest not_in_channel",
  ["conversations.info"] = "channel_not_found method_not_supported_for_channel_type",
  ["conversations.invite"] = [[already_in_channel cant_invite cant_invite_self channel_not_found is_archived
    not_in_channel user_not_found ura_max_channels user_is_ultra_restricted]],
  ["conversations.join"] = "channel_not_found is_archived method_not_supported_for_channel_type",
  ["conversations.list"] = "invalid_cursor invalid_limit invalid_types",
  ["conversations.members"] = "channel_not_found fetch_members_failed invalid_cursor invalid_limit",
  ["conversations.rename"] = "channel_not_found invalid_name_specials name_taken not_authorized not_in_channel",
  ["conversations.replies"] = "channel_not_found invalid_cursor thread_not_found not_in_channel",
  ["conversations.setTopic"] = "channel_not_found is_archived not_in_channel too_long user_is_restricted",
  ["conversations.unarchive"] = "channel_not_found not_archived not_in_channel restricted_action",
  ["pins.add"] = "already_pinned channel_not_found message_not_found not_pinnable permission_denied too_many_pins",
  ["usergroups.list"] = "paid_teams_only plan_upgrade_required",
  ["users.info"] = "user_not_found user_not_visible",
  ["users.list"] = "invalid_cursor limit_required",
  ["users.lookupByEmail"] = "users_not_found enterprise_is_restricted",
  ["views.open"] = "expired_trigger_id exchanged_trigger_id invalid_trigger_id view_too_large",
  ["views.publish"] = "hash_conflict not_enabled view_too_large",
  ["views.push"] = "expired_trigger_id invalid_trigger_id push_limit_reached view_too_large",
  ["views.update"] = "hash_conflict not_found view_too_large",
}

-- Those of a single method's that time mends.
local ALSO_MENDED = {
  external_channel_migrating = true, message_limit_exceeded = true, fetch_members_failed = true, update_failed = true,
}
local MAY_BE_DONE = {
  fatal_error = true, internal_error = true, request_timeout = true, service_unavailable = true, update_failed = true,
}
for _, word in ipairs(TIME_MENDS) do ALSO_MENDED[word] = true end

-- { name, reply, is it mended by time, does nobody know whether it was done }. <general>: of the words of every method.
local function failures_of(method, general)
  local list = {
    { "reset", { abort = true }, true, true },
    { "rate limit", { status = 429, headers = { ["Retry-After"] = "1" }, body = "" }, true },
    { "server error", { status = 500, body = "<h1>Oops</h1>" }, true, true },
    { "garbage", { status = 200, body = "<html>not what you asked for" }, true, true },
  }
  for _, some in ipairs { general, words(DOCUMENTED[method]) } do
    for _, word in ipairs(some) do
      list[#list + 1] = {
        word, { json = { ok = false, error = word } }, ALSO_MENDED[word] == true, MAY_BE_DONE[word] == true,
      }
    end
  end
  return list
end

-- ---- Slack that is well, but for one method once

local GOOD = {
  ["auth.test"] = { ok = true, url = "https://x.slack.com/", team = "X", team_id = "T1", user_id = "U0BOT" },
  ["conversations.history"] = { ok = true, messages = { {
    ts = "1700000000.000100", user = "U1", text = "The gateway is down", reply_count = 1,
    reactions = { { name = "mega", users = { "U1" }, count = 1 } },
  } } },
  ["conversations.replies"] = { ok = true, messages = {} },
  ["conversations.info"] = { ok = true, channel = { id = "C-x", name = "x" } },
  ["conversations.members"] = { ok = true, members = { "U1" } },
  ["conversations.rename"] = { ok = true, channel = { name = "renamed" } },
  ["users.list"] = { ok = true, members = {} },
  ["users.lookupByEmail"] = { ok = true, user = { id = "U900", name = "late", profile = { email = "late@x.test" } } },
  ["users.info"] = { ok = true, user = { id = "U901", name = "new", profile = { email = "new@x.test" } } },
  ["usergroups.list"] = { ok = true, usergroups = { { id = "S1", handle = "payments-oncall", users = { "U1" } } } },
}

local posted = 0
-- <failing>: a method whose first call gets <reply>; <always>: what others answer instead of GOOD. Answers the set of
-- methods that were called.
local function slack(t, always, failing, reply)
  local called, has_failed = {}, false
  t.advance "2m"                         -- no limit of an earlier case holds
  t.http_stub(setmetatable({}, { __index = function(_, key)
    return function(request)
      local method = key:match "^POST /(.+)$"
      called[method] = true
      if method == failing and not has_failed then
        has_failed = true
        return reply
      end
      posted = posted + 1
      if always and always[method] then return { json = always[method](url.parse_form(request.body)) } end
      if method == "conversations.create" then
        return { json = { ok = true, channel = { id = "CN" .. posted, name = "new" } } }
      end
      if method ~= "chat.postMessage" then return { json = GOOD[method] or { ok = true } } end
      return { json = { ok = true, ts = ("17000%05d.000100"):format(posted) } }
    end
  end }))
  return called
end

-- ---- incidents to whom it happens

local function person(number)
  return assert(people.upsert {
    platform = "slack", external_id = "U" .. number, handle = "user" .. number, name = "User " .. number,
    email = "user" .. number .. "@example.test", is_active = true, is_bot = false,
  })
end

local count = 0
local function incident_of(priority, author)
  return assert(incidents.declare {
    title = "Checkout answers with errors", description = "All card payments fail.", priority = priority,
    category = "Payment", environment = "PRD", created_by = author or person(1).id,
  }).incident
end

local function with_channel(priority, author)
  local incident = incident_of(priority or "P1", author)
  count = count + 1
  local name = ("%s-%d-prd-payment"):format(time.format(incident.created_at_ms, "%Y%m%d", "UTC"), incident.id)
  local conversation = assert(conversations.opened {
    incident_id = incident.id, platform = "slack", external_id = "CX" .. count, name = name, type = "public",
  })
  return incident, conversation.id or assert(incidents.get { id = incident.id }).conversation.id
end

-- A message of ours that stands in a conversation.
local function keep(conversation_id, incident, kind, update_id)
  count = count + 1
  assert(messages.save {
    conversation_id = conversation_id, external_id = ("16000%05d.000100"):format(count), kind = kind,
    incident_id = incident.id, update_id = update_id, text = "as it was",
  })
end

local function update(incident, changes)
  changes.id, changes.message = incident.id, changes.message or "What is new."
  local done = assert(incidents.update(changes, { person = person(1).id, source = "chat" }))
  return {
    incident_id = incident.id, update_id = done.update_id, updated_fields = done.updated_fields,
    old_status = done.old_status, old_priority_value = done.old_priority_value,
  }
end

local NOW = {}   -- how each event comes about; answers its payload

NOW["incident.created"] = function() return { incident_id = incident_of("P1").id, response_type = "critical" } end
NOW["conversation.created"] = function() return { incident_id = with_channel().id } end
NOW["conversation.ready"] = NOW["conversation.created"]
NOW["incident.updated"] = function()
  local incident, conversation = with_channel "P3"
  keep(conversation, incident, "ff_incident_declared")
  keep(conversation, incident, "ff_incident_fixed_next_actions")
  return update(incident, { status = "Investigating", priority = "P1", category = "Search" })
end
NOW["incident.closed"] = function()
  local incident = with_channel "P4"
  assert(incidents.close { id = incident.id, message = "Over.", closure_reason = "false_positive" })
  return { incident_id = incident.id }
end
NOW["incident.merged"] = function()
  return { incident_id = with_channel().id, duplicate_id = 1, person_ids = { person(40).id } }
end
NOW["roles.assigned"] = function()
  local incident, conversation = with_channel()
  keep(conversation, incident, "ff_incident_declared")
  local holder = person(41)
  local done = assert(incidents.set_roles { id = incident.id, roles = { commander = holder.id } })
  return {
    incident_id = incident.id, update_id = done.update_id, added = { { slug = "commander", person_id = holder.id } },
  }
end
NOW["key_events.updated"] = function()
  local incident, conversation = with_channel()
  keep(conversation, incident, "ff_incident_fixed_next_actions")
  return { incident_id = incident.id }
end
NOW["records.changed"] = function()
  local incident, conversation = with_channel()
  keep(conversation, incident, "ff_incident_declared")
  return { incident_id = incident.id }
end
NOW["postmortem.created"] = function()
  local event = NOW["records.changed"]()
  assert(kernel.call("attachment.save", {
    incident_id = event.incident_id, kind = "postmortem", provider = "link", url = "https://wiki.example.test/1",
  }))
  return event
end
NOW["update.edited"] = function()
  local incident, conversation = with_channel()
  local event = update(incident, {})
  keep(conversation, incident, "ff_incident_status_updated", event.update_id)
  return event
end
NOW["update.deleted"] = NOW["update.edited"]

local function channel_of(incident)
  return assert(incidents.get { id = incident.id }).conversation.external_id
end

-- Somebody whom the strategies named.
local function wanted()
  local incident = with_channel()
  count = count + 1
  assert(invitations.request {
    incident_id = incident.id, platform = "slack", runs = json.array {},
    people = { { person_id = person(9000 + count).id, strategy = "test", reason = "because" } },
  })
  return { incident_id = incident.id }
end

-- A member whom nobody has met.
local SOMEBODY_NEW = {
  ["conversations.members"] = function()
    count = count + 1
    return { ok = true, members = { "UN" .. count } }
  end,
  ["users.info"] = function(form)
    return { ok = true, user = { id = form.user, name = form.user, profile = { email = form.user .. "@x.test" } } }
  end,
}

-- A channel that an earlier try of ours created without hearing of it.
local TAKEN_BY_US = {}
do
  local taken
  TAKEN_BY_US["conversations.create"] = function(form)
    taken = form.name
    return { ok = false, error = "name_taken" }
  end
  TAKEN_BY_US["conversations.list"] = function()
    count = count + 1
    return { ok = true, channels = { {
      id = "CT" .. count, name = taken, creator = "U0BOT", created = time.now_ms() // 1000, is_private = false,
    } } }
  end
end

-- ---- the jobs, and what becomes of them

local DONE, AGAIN, DEAD = "done", "again", "dead"

-- One job: file, event, how it comes about when that is special (nil: NOW[event]), and what becomes of it when Slack
-- refuses for good (default: dead), word by word; mended: what becomes of it when time mends it (default: again);
-- lost: the same where nobody knows whether it was done. What is said at most once is not said again then.
local JOBS = {
  { "open_channel", "incident.created", ends = {
    ["conversations.create"] = { name_taken = DONE },
  } },
  { "open_channel", "incident.created", about = "the name is taken", always = TAKEN_BY_US, ends = {
    ["conversations.create"] = { name_taken = DONE },
  } },
  { "open_channel_when_worse", "incident.updated", comes = function()
    return update(incident_of("P4"), { priority = "P1" })
  end, ends = {
    ["conversations.create"] = { name_taken = DONE },
    ["conversations.invite"] = { default = DONE },       -- recorded with the person
  } },
  { "join", "conversation.created" },
  { "topic", "conversation.created" },
  { "topic", "incident.updated" },
  { "invite_author", "conversation.created", ends = {
    ["conversations.invite"] = { already_in_channel = DONE, cant_invite_self = DONE },
  } },
  { "invite_author", "conversation.created", about = "known by e-mail only", comes = function()
    local author = assert(people.ensure_email { email = ("late%d@x.test"):format(count), name = "Late" })
    return { incident_id = with_channel("P1", author.id).id }
  end, ends = {
    ["users.lookupByEmail"] = { default = DONE },        -- an author without an account
    ["conversations.invite"] = { already_in_channel = DONE, cant_invite_self = DONE },
  } },
  { "announce", "conversation.created", ends = {
    ["chat.postMessage"] = { not_in_channel = DONE },    -- it joins
    ["pins.add"] = { already_pinned = DONE },
  } },
  { "announce_to_all", "conversation.created", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "tell_teams", "incident.created", comes = function() return { incident_id = incident_of("P4").id } end, ends = {
    ["chat.postMessage"] = { not_in_channel = DONE },
  } },
  { "bookmark", "conversation.ready", is_unknown = true, about = "after a lost answer", ends = {
    ["bookmarks.add"] = { invalid_emoji = DONE },
  } },
  { "deploy_warning", "conversation.created", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "deploy_warning", "incident.updated", about = "lifted", comes = function()
    local incident = with_channel "P1"
    keep(assert(conversations.get { tag = "it_deploy" }).id, incident, "ff_deploy_warning_" .. incident.id)
    return update(incident, { priority = "P3" })
  end, ends = {
    ["chat.postMessage"] = { not_in_channel = DONE }, ["chat.delete"] = { default = DONE },
  } },
  { "off_hours", "conversation.ready", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "invite", "conversation.created", comes = wanted, ends = {
    -- What is about a person is recorded with the person, and tried again later by a job of its own.
    ["conversations.invite"] = {
      default = DONE, channel_not_found = DEAD, is_archived = DEAD, missing_scope = DEAD,
      no_permission = DEAD, invalid_auth = DEAD, account_inactive = DEAD, token_revoked = DEAD,
    },
  } },
  { "sos", "call", comes = function()
    local incident = with_channel()
    return { incident_id = incident.id, sos = "Leads", person_id = person(1).id, key = "view" .. incident.id }
  end, ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "reaction_update", "add", comes = function()
    local incident = with_channel()
    return { channel = channel_of(incident), ts = "1700000000.000100", user = "U1" }
  end, ends = {
    ["conversations.history"] = { message_not_found = DONE }, ["conversations.replies"] = { thread_not_found = DONE },
  } },
  { "message_changes", "follow", comes = function()
    local incident = with_channel()
    assert(incidents.update({ id = incident.id, message = "As it was said.", source = {
      conversation_id = assert(incidents.get { id = incident.id }).conversation.id, external_id = "1700000000.000100",
      kind = "reaction",
    } }))
    return { channel = channel_of(incident), ts = "1700000000.000100" }
  end },
  { "message_changes", "follow", about = "of a message in a thread", comes = function()
    local incident = with_channel()
    assert(incidents.update({ id = incident.id, message = "As it was said.", source = {
      conversation_id = assert(incidents.get { id = incident.id }).conversation.id, external_id = "1600000000.000100",
      kind = "reaction",
    } }))
    return { channel = channel_of(incident), ts = "1600000000.000100" }
  end, ends = { ["conversations.replies"] = { thread_not_found = DONE } } },
  { "reminders", "remind", comes = function()
    local incident, conversation = with_channel()
    keep(conversation, incident, "ff_incident_update_reminder")
    incident = assert(incidents.get { id = incident.id })
    return { incident_id = incident.id, span = incident.updated_at_ms .. "_1" }
  end, ends = { ["chat.postMessage"] = { not_in_channel = DONE }, ["chat.delete"] = { default = DONE } } },
  { "sync_users", "slack.sync_users", comes = function() return {} end, ends = {
    ["users.list"] = { invalid_cursor = AGAIN },
  } },
  { "sync_usergroups", "slack.sync_usergroups", comes = function() return {} end },
  { "send_message", "slack.send_message", comes = function() return { conversation = "C0TEAM", text = "Noon" } end,
    ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "import_usergroups", "slack.import_usergroups", comes = function() return {} end },
  -- One conversation, one person who is refused is counted and left out.
  { "sync_conversation_members", "slack.sync_conversation_members", comes = function() return {} end, ends = {
    ["conversations.info"] = { default = DONE }, ["conversations.members"] = { default = DONE },
    ["users.info"] = { default = DONE, lost = DONE },
  }, always = SOMEBODY_NEW },
  { "bookmark", "conversation.ready", ends = { ["bookmarks.add"] = { invalid_emoji = DONE } } },
  { "emergency", "conversation.ready", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "roles", "conversation.ready", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "roles", "roles.assigned", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "role_assigned", "roles.assigned", ends = {
    ["chat.postMessage"] = { default = DONE, lost = DONE },
  }, comes = function()
    local event = NOW["roles.assigned"]()
    local holder = person(5000 + count)
    incidents.set_roles { id = event.incident_id, roles = { commander = holder.id } }
    event.added = { { slug = "commander", person_id = holder.id } }
    return event
  end },
  { "tell_author", "conversation.ready", ends = { ["chat.postMessage"] = { default = DONE, lost = DONE } } },
  { "invite_roles", "roles.assigned", ends = { ["conversations.invite"] = { default = DONE } } },
  { "invite_merged", "incident.merged", ends = { ["conversations.invite"] = { default = DONE } } },
  { "headline", "incident.updated", ends = { ["chat.update"] = {
    message_not_found = DONE, cant_update_message = DONE, edit_window_closed = DONE,
  } } },
  { "next_steps", "key_events.updated", ends = { ["chat.update"] = {
    message_not_found = DONE, cant_update_message = DONE, edit_window_closed = DONE,
  } } },
  { "status_message", "incident.updated", ends = { ["chat.postMessage"] = { not_in_channel = DONE } } },
  { "status_message", "update.edited", ends = { ["chat.update"] = {
    message_not_found = DONE, cant_update_message = DONE, edit_window_closed = DONE,
  } } },
  { "status_message", "update.deleted", ends = { ["chat.delete"] = { message_not_found = DONE } } },
  { "rename", "incident.updated", ends = { ["conversations.rename"] = { name_taken = DONE } } },
  { "downgrade_hint", "incident.updated", comes = function()
    return update(with_channel "P1", { priority = "P4" })
  end, ends = { ["chat.postEphemeral"] = { default = DONE, lost = DONE } } },
  { "postmortem_created", "postmortem.created", ends = {
    ["chat.postMessage"] = { not_in_channel = DONE }, ["pins.add"] = { already_pinned = DONE },
  } },
  { "postmortem_bookmark", "postmortem.created", ends = { ["bookmarks.add"] = { invalid_emoji = DONE } } },
  { "postmortem_bookmark", "postmortem.created", about = "it moved", always = {
    ["bookmarks.list"] = function()
      return { ok = true, bookmarks = { { id = "Bk1", title = "Post-mortem", link = "https://old.example.test" } } }
    end,
  }, ends = { ["bookmarks.edit"] = { invalid_emoji = DONE } } },
  { "withdraw", "records.changed", comes = function()
    local incident = with_channel()
    keep(assert(conversations.get { tag = "tech_incidents" }).id, incident, "ff_general_incident_declared")
    assert(kernel.call("incident.make_private", { id = incident.id }))
    return { incident_id = incident.id, fields = { "is_private" } }
  end, ends = { ["chat.delete"] = { message_not_found = DONE } } },
  { "transcript", "incident.closed", ends = {
    ["conversations.history"] = { invalid_cursor = AGAIN },
    ["conversations.replies"] = { invalid_cursor = AGAIN },
  } },
  { "archive", "incident.closed", ends = {
    ["conversations.archive"] = { already_archived = DONE, channel_not_found = DONE },
  } },
  { "unarchive", "incident.updated", comes = function()
    local event = NOW["incident.closed"]()
    local done = assert(incidents.reopen { id = event.incident_id, message = "It is not over after all." })
    event.update_id, event.old_status, event.updated_fields = done.update_id, 60, { "status" }
    return event
  end, ends = { ["conversations.unarchive"] = { not_archived = DONE } } },
}

local function context(incident_id, more)
  local ctx = {
    job_id = 7, attempt = 1, created_at_ms = time.now_ms(), incident_id = incident_id, unknown = false, progress = {},
  }
  function ctx.note(self, change)
    for name, value in pairs(change) do self.progress[name] = value end
    return true
  end
  for name, value in pairs(more or {}) do ctx[name] = value end
  return ctx
end

-- What the queue makes of a handler's answer.
local function state_of(outcome, err)
  if outcome == "wait" then return AGAIN end
  if outcome ~= nil or not err then return DONE end
  return err.retryable and AGAIN or DEAD
end

local function expected(job, method, failure)
  local ends = (job.ends or {})[method] or {}
  local word, is_mended, may_be_done = failure[1], failure[3], failure[4]
  if is_mended then return may_be_done and ends.lost or ends.mended or AGAIN end
  if word == "not_in_channel" and NOW[job[2]] and not ends.default then return DONE end   -- a step joins again
  return ends[word] or ends.default or DEAD
end

-- <job>'s second word is an event, or a job or task of the file.
local function run(t, job, event, ctx)
  local unit, what = t.load("strategies/integrations/slack/" .. job[1] .. ".lua"), job[2]
  if (unit.jobs or {})[what] then return unit.jobs[what](ctx, event) end
  if (unit.tasks or {})[what] then return unit.tasks[what].run(ctx, event) end
  event.kind = what
  return unit.on[what](ctx, event)
end

local function begin(job)
  local event = (job.comes or NOW[job[2]])()
  return event, context(event.incident_id, { unknown = job.is_unknown or nil })
end

local function fail_once(t, job, method, failure)
  local event, ctx = begin(job)
  slack(t, job.always, method, failure[2])
  local outcome, err = run(t, job, event, ctx)
  local state = state_of(outcome, err)
  local what = ("%s at %s, %s: %s"):format(job[1], job[2], method, failure[1])
  t.equal(state, expected(job, method, failure), what)
  if state == DEAD then t.matches(err.message, method:gsub("%.", "%%.") .. ": Slack says " .. failure[1], what) end
  if state ~= AGAIN then return end
  ctx.unknown, ctx.attempt = err.unknown == true, 2
  slack(t, job.always)
  outcome, err = run(t, job, event, ctx)
  t.equal(state_of(outcome, err), DONE, what .. ", tried again: " .. tostring(err))
end

-- The methods that a job calls when Slack is well.
local function methods_of(t, job)
  local event, ctx = begin(job)
  local called = slack(t, job.always)
  run(t, job, event, ctx)
  called["auth.test"] = nil
  return called
end

local tests = {
  ["what Slack's pages say of errors is known for each method that is called"] = function(t)
    for method in pairs(methods) do t.truthy(DOCUMENTED[method], method) end
    for method in pairs(DOCUMENTED) do t.truthy(methods[method], method) end
  end,

  ["each method, each failure: mended by time or not, and named"] = function(t)
    for method in pairs(methods) do
      for _, failure in ipairs(failures_of(method, GENERAL)) do
        slack(t, nil, method, failure[2])
        local answer, err = client.call(method, { channel = "C1" })
        local what = method .. ": " .. failure[1]
        t.falsy(answer, what)
        t.equal({ err.retryable, err.unknown == true }, { failure[3], failure[4] == true }, what)
        t.matches(err.message, "^" .. method:gsub("%.", "%%."), what)
      end
    end
  end,
}

local failed = {}   -- methods, by the tests so far

for _, job in ipairs(JOBS) do
  local name = ("%s at %s ends in a state that is known, whatever fails"):format(job[1], job[2])
  if job.about then name = name .. ": " .. job.about end
  tests[name] = function(t)
    local called = methods_of(t, job)
    t.truthy(next(called), "it calls Slack")
    for method in pairs(called) do
      for _, failure in ipairs(failures_of(method, { "fatal_error", "missing_scope" })) do
        fail_once(t, job, method, failure)
      end
      failed[method] = true
    end
  end
end

-- Forms are opened while somebody waits, connections while there are any: end-to-end tests fail those.
local ELSEWHERE = words "apps.connections.open auth.test views.open views.publish views.push views.update"

-- After all others, in the order of the names.
tests["~ no method is left out"] = function(t)
  for _, method in ipairs(ELSEWHERE) do failed[method] = true end
  for method in pairs(methods) do t.truthy(failed[method], method) end
end

return tests
