-- slack_sync: people, user groups and conversations follow the workspace.
local people = require "engine.people"
local url = require "engine.url"
local usergroups = require "engine.usergroups"

local AUTH = {
  json = { ok = true, url = "https://x.slack.com/", team = "X", team_id = "T1", user_id = "U0BOT" },
}

local function task(t, file, name)
  return t.load("strategies/integrations/slack/" .. file .. ".lua").tasks[name].run
end

local function context(progress)
  local ctx = { job_id = 1, attempt = 1, progress = progress or {} }
  function ctx.note(self, change)
    for name, value in pairs(change) do self.progress[name] = value end
    return true
  end
  return ctx
end

local function user(id, more)
  local made = {
    id = id, team_id = "T1", name = id:lower(), deleted = false,
    profile = { real_name = "User " .. id },
  }
  for name, value in pairs(more or {}) do made[name] = value end
  return made
end

local function known(id)
  return (people.get { platform = "slack", external_id = id })
end

local function two_pages(first, second, calls)
  return function(request)
    calls[#calls + 1] = request
    local cursor = url.parse_form(request.body).cursor
    if not cursor then
      return {
        json = {
          ok = true, members = first, cache_ts = #calls,
          response_metadata = { next_cursor = "two" },
        },
      }
    end
    return {
      json = {
        ok = true, members = second, cache_ts = #calls, response_metadata = { next_cursor = "" },
      },
    }
  end
end

return {
  ["members are taken, guests, bots and others are not, the deleted become inactive"] = function(t)
    people.upsert {
      platform = "slack", external_id = "U3", handle = "u3", is_active = true, is_bot = false,
    }
    t.http_stub {
      ["POST /auth.test"] = AUTH,
      ["POST /users.list"] = two_pages({
        user "U1", user("U2", { is_restricted = true }), user("U3", { deleted = true }), 7, {},
      },
        {
          user("U4", { is_bot = true }), user("U0BOT", { is_bot = true }),
            user("U5", { team_id = "T2" }), user "USLACKBOT",
        }, {}),
    }
    task(t, "sync_users", "slack.sync_users")(context())
    t.truthy(known "U1")
    t.equal({ known "U2", known "U4", known "U5", known "USLACKBOT" }, {})
    t.equal(known("U3").is_active, false)
    t.equal(known("U0BOT").is_bot, true)
  end,

  ["a page that says what it said last time is not read again"] = function(t)
    local calls, members = {}, { user "U10", user "U11" }
    t.http_stub { ["POST /users.list"] = two_pages(members, { user "U12" }, calls) }
    local sync = task(t, "sync_users", "slack.sync_users")
    sync(context())
    local ctx = context()
    sync(ctx)
    t.equal(#calls, 4)
    members[1].profile.real_name = "Another Name"
    sync(context())
    t.equal(known("U10").name, "Another Name")
  end,

  ["interrupted, it goes on with the page where it was"] = function(t)
    local seen, is_limited = {}, true
    t.http_stub {
      ["POST /users.list"] = function(request)
        local cursor = url.parse_form(request.body).cursor or ""
        seen[#seen + 1] = cursor
        if cursor == "two" and is_limited then
          return { json = { ok = false, error = "internal_error" } }
        end
        return {
          json = {
            ok = true, members = { user("U2" .. #seen) },
            response_metadata = { next_cursor = cursor == "" and "two" or "" },
          },
        }
      end,
    }
    local sync, ctx = task(t, "sync_users", "slack.sync_users"), context()
    local done, err = sync(ctx)
    t.equal({ done, err.retryable, ctx.progress.sync.cursor }, { nil, true, "two" })
    is_limited = false
    t.equal(sync(ctx), nil)
    t.equal(seen, { "", "two", "two" })
  end,

  ["a group declared by its handle gets its id and its members; one who is unknown is left out"] = function(t)
    people.upsert {
      platform = "slack", external_id = "U31", handle = "u31", is_active = true, is_bot = false,
    }
    t.http_stub {
      ["POST /usergroups.list"] = { json = { ok = true, usergroups = {
        { id = "S1", handle = "payments-oncall", name = "Payments", users = { "U31", "U404", 7 } },
        { id = "S2", handle = "other" },
      } } },
      ["POST /users.info"] = { json = { ok = false, error = "user_not_found" } },
    }
    task(t, "sync_usergroups", "slack.sync_usergroups")(context(), {})
    local group = assert(usergroups.list { platform = "slack" })[1]
    t.equal({ group.external_id, group.name, group.member_count }, { "S1", "Payments", 1 })
  end,

  ["a declared conversation gets its name, its state and its members"] = function(t)
    local conversations = require "engine.conversations"
    people.upsert {
      platform = "slack", external_id = "U41", handle = "u41", is_active = true, is_bot = false,
    }
    t.http_stub {
      ["POST /conversations.info"] = {
        json = { ok = true, channel = { id = "C0ALL", name = "everybody", is_private = false } },
      },
      ["POST /conversations.members"] = { json = { ok = true, members = { "U41" } } },
    }
    task(t, "sync_conversation_members", "slack.sync_conversation_members")(context(), {})
    local conversation = assert(conversations.get { tag = "tech_incidents" })
    t.equal({
      conversation.name, conversation.type, conversation.member_count,
    }, { "everybody", "public", 1 })
  end,

  ["a rate limit leaves nobody out: it is waited for"] = function(t)
    local is_limited = true
    t.http_stub {
      ["POST /usergroups.list"] = { json = { ok = true, usergroups = {
        { id = "S1", handle = "payments-oncall", name = "Payments", users = { "U51" } },
      } } },
      ["POST /users.info"] = function()
        if is_limited then return { status = 429, headers = { ["Retry-After"] = "1" } } end
        return { json = { ok = true, user = user "U51" } }
      end,
    }
    local sync, ctx = task(t, "sync_usergroups", "slack.sync_usergroups"), context()
    local outcome, err = sync(ctx, {})
    t.equal({ outcome, err.code, ctx.progress.walk.done }, { "wait", "rate_limited", 0 })
    is_limited = false
    t.advance "2s"
    t.equal(sync(ctx, {}), nil)
    t.equal(assert(usergroups.list { platform = "slack" })[1].member_count, 1)
    t.equal(ctx.progress.walk, { done = 1, failed = 0, again = {}, total = 1, after = ctx.progress.walk.after })
  end,

  ["only the named groups are looked at"] = function(t)
    local sync, ctx = task(t, "sync_usergroups", "slack.sync_usergroups"), context()
    t.equal(sync(ctx, { only = { "another" } }), nil)
    t.equal(ctx.progress.walk, nil)
  end,

  ["what failed for now is tried again, and only that; what failed for good is not"] = function(t)
    local walk, ctx, seen, is_down = require "slack.walk", context(), {}, true
    local function run()
      return walk.each(ctx, "thing", { { key = "c" }, { key = "a" }, { key = "b" }, { key = "d" } }, function(item)
        seen[#seen + 1] = item.key
        if item.key == "b" then return nil, { code = "not_found", message = "gone" } end
        if item.key == "c" and is_down then return nil, { code = "unavailable", retryable = true, message = "down" } end
        return true
      end)
    end
    local outcome, err = run()
    t.equal({ outcome, err.message, seen }, { nil, "down", { "a", "b", "c", "d" } })
    seen, is_down = {}, false
    t.equal({ run() }, {})
    t.equal({ seen, ctx.progress.walk.done, ctx.progress.walk.failed }, { { "c" }, 3, 1 })
  end,

  ["a restart goes on behind what was noted"] = function(t)
    local walk, seen = require "slack.walk", {}
    local ctx = context { walk = { done = 2, failed = 0, again = {}, after = "b" } }
    walk.each(ctx, "thing", { { key = "a" }, { key = "b" }, { key = "c" } }, function(item)
      seen[#seen + 1] = item.key
      return true
    end)
    t.equal({ seen, ctx.progress.walk.done }, { { "c" }, 3 })
  end,

  ["people whom no sync meets are asked about in a circle, and one who fails blocks nobody"] = function(t)
    local asked = {}
    for _, id in ipairs { "U61", "U62", "U63" } do
      people.upsert { platform = "slack", external_id = id, handle = id:lower(), is_active = true, is_bot = false }
    end
    t.http_stub { ["POST /users.info"] = function(request)
      local id = url.parse_form(request.body).user
      if not id:find "^U6" then return { json = { ok = true, user = user(id) } } end
      asked[#asked + 1] = id
      if id == "U61" then return { json = { ok = false, error = "user_not_visible" } } end
      if id == "U62" then return { json = { ok = false, error = "user_not_found" } } end
      return { json = { ok = true, user = user(id, { profile = { real_name = "New Name" } }) } }
    end }
    local update = task(t, "update_users", "slack.update_users")
    t.equal(update(context(), {}), nil)
    t.equal(asked, {}, "they have just been met")
    t.advance "220h"
    t.equal(update(context(), {}), nil)
    t.equal(asked, { "U61", "U62", "U63" })
    t.equal(known("U62").is_active, false)
    t.equal(known("U63").name, "New Name")
    asked = {}
    t.equal(update(context(), {}), nil)
    t.equal(asked, { "U61" }, "the circle begins anew with who could not be asked about")
  end,

  ["user groups as rows for the config"] = function(t)
    t.http_stub { ["POST /usergroups.list"] = { json = { ok = true, usergroups = {
      { id = "S2", handle = "leads", name = 'The "leads"\n' }, { id = "S1", handle = "payments-oncall" },
      { id = "S3", handle = "ops", name = "Ops" },
    } } } }
    local ctx = context()
    task(t, "import_usergroups", "slack.import_usergroups")(ctx, {})
    t.equal(ctx.progress.output, '{ id = "S2", handle = "leads", name = "The \\"leads\\" " },\n'
      .. '{ id = "S3", handle = "ops", name = "Ops" },')
  end,
}
