-- quotas: how often the vendor takes each method, when a test wants that looked at. A minute's worth may come at once,
-- and comes back evenly; the vendor promises no more than that.
local time = require "engine.time"

local M = {}

local TIER_2, TIER_3, TIER_4 = 20, 50, 100
local PER_MINUTE = {
  ["bookmarks.add"] = TIER_2, ["bookmarks.edit"] = TIER_2, ["bookmarks.list"] = TIER_3,
  ["chat.delete"] = TIER_3, ["chat.postEphemeral"] = TIER_4, ["chat.postMessage"] = 60, ["chat.update"] = TIER_3,
  ["conversations.archive"] = TIER_2, ["conversations.create"] = TIER_2, ["conversations.history"] = TIER_3,
  ["conversations.info"] = TIER_3, ["conversations.invite"] = TIER_3, ["conversations.join"] = TIER_3,
  ["conversations.list"] = TIER_2, ["conversations.members"] = TIER_4, ["conversations.rename"] = TIER_2,
  ["conversations.replies"] = TIER_3, ["conversations.setTopic"] = TIER_2, ["conversations.unarchive"] = TIER_2,
  ["pins.add"] = TIER_2, ["usergroups.list"] = TIER_2, ["users.info"] = TIER_4, ["users.list"] = TIER_2,
  ["users.lookupByEmail"] = TIER_3, ["views.open"] = TIER_4, ["views.publish"] = TIER_4, ["views.push"] = TIER_4,
  ["views.update"] = TIER_4,
}

local is_on, buckets = false, {}

---@param wanted boolean
function M.reset(wanted)
  is_on, buckets = wanted, {}
end

--- Counts a call. Nil: it is taken; else the seconds until one would be. Messages are counted by channel.
---@param method string
---@param channel? string
---@return integer|nil
function M.take(method, channel)
  local per_minute = PER_MINUTE[method]
  if not is_on or not per_minute then return nil end
  local name = method == "chat.postMessage" and method .. (channel or "") or method
  local now = time.now_ms()
  local bucket = buckets[name] or { left = per_minute, at = now }
  buckets[name] = bucket
  bucket.left = math.min(per_minute, bucket.left + (now - bucket.at) * per_minute / 60000)
  bucket.at = now
  if bucket.left < 1 then return math.ceil((1 - bucket.left) * 60 / per_minute) end
  bucket.left = bucket.left - 1
  return nil
end

return M
