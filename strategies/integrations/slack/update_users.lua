-- update_users: asks Slack about the people whom no sync has met for long: guests, people of shared
-- channels, senders who were gone when they were to be found. A hundred a run, in a circle: who
-- cannot be asked about is asked again in the next round, and keeps nobody else waiting.
local people = require "engine.people"
local store = require "engine.store"
local time = require "engine.time"
local client = require "slack.client"
local slack_people = require "slack.people"
local walk = require "slack.walk"

local A_RUN = 100
local UNMET_MS = 8 * 24 * 3600 * 1000   -- a sync remembers an unchanged page for a week
local SCOPE, KEY = "slack.update_users", "after"

-- Who is next in the circle; it begins anew at its end.
local function next_accounts()
  local after = store.get(SCOPE, KEY) or ""
  local args = {
    platform = "slack", after = after, limit = A_RUN, seen_before_ms = time.now_ms() - UNMET_MS,
  }
  local accounts, err = people.accounts(args)
  if not accounts then return nil, err end
  if #accounts == 0 and after ~= "" then
    args.after = nil
    accounts, err = people.accounts(args)
  end
  return accounts, err
end

-- The accounts of this run, the same ones after an interruption.
local function this_run(ctx)
  if ctx.progress.ids then return ctx.progress.ids end
  local accounts, err = next_accounts()
  if not accounts then return nil, err end
  local ids = {}
  for i, account in ipairs(accounts) do ids[i] = account.external_id end
  ctx:note { ids = ids }
  return ids
end

local GONE = { user_not_found = true, users_not_found = true }

local function update(item)
  local answer, err = client.call("users.info", { user = item.key }, { wait = "60s" })
  local row = answer and slack_people.from_user(answer.user)
  if err and GONE[err.slack] then row = { external_id = item.key, is_active = false } end
  if row then return slack_people.save(row) end
  return nil, err or client.error {
    code = "unavailable", message = "users.info: an answer without a user",
  }
end

local function update_users(ctx)
  local ids, err = this_run(ctx)
  if not ids then return nil, err end
  local items = {}
  for i, id in ipairs(ids) do items[i] = { key = id } end
  if #ids > 0 then store.put(SCOPE, KEY, ids[#ids]) end
  return walk.each(ctx, "user", items, update)
end

return {
  about = "Keeps people like the workspace's whom no sync meets",
  enabled = function(settings) return settings.slack.token ~= "" end,
  tasks = {
    ["slack.update_users"] = {
      about = "Asks about the next 100 people whom no sync has met for long", run = update_users,
    },
  },
}
