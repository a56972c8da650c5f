-- page_memory: recognises pages that say what they said last time, by a digest of their text, so
-- that they need not be read. A page is remembered for a week: after that everything is compared
-- again.
local crypto = require "engine.crypto"
local store = require "engine.store"

local M = {}

local SCOPE = "slack.page"
local LIFE = "168h"

-- The text without the moment at which Slack made it.
local function digest_of(body, rules)
  local from, to = body:find('"cache_ts":%s*%d+')
  if from then body = body:sub(1, from - 1) .. body:sub(to + 1) end
  return crypto.sha256_hex(rules .. body)
end

local Memory = {}
Memory.__index = Memory

--- The memory of one walk over all pages.
---@param name string  what is walked over
---@param rules string  changes when pages must be read anew though they are the same
---@param page? integer  the page to begin with, 1 by default
function M.new(name, rules, page)
  return setmetatable({ name = name, rules = rules, page = page or 1 }, Memory)
end

function Memory:key()
  return self.name .. ":" .. self.page
end

--- For `recall` of client.call: the answer of a page that is known, with `recalled`, the number
--- that was remembered. May yield.
function Memory:recall(body)
  self.digest = digest_of(body, self.rules)
  local known = store.get(SCOPE, self:key())
  if type(known) ~= "table" or known.digest ~= self.digest then return nil end
  return {
    ok = true, recalled = known.count, response_metadata = { next_cursor = known.next_cursor },
  }
end

--- This page is done: goes on to the next one. <count> nil: do not remember it. May yield.
function Memory:turn(count, next_cursor)
  if count then
    local page = { digest = self.digest, count = count, next_cursor = next_cursor }
    store.put(SCOPE, self:key(), page, { ttl = LIFE })
  end
  self.page = self.page + 1
end

return M
