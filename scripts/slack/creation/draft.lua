-- draft: what somebody has filled in so far. It lives in the store; a view's metadata holds its key
-- only.
local crypto = require "engine.crypto"
local store = require "engine.store"

local M = {}

local SCOPE = "draft"
local LIFE = "24h"
local LIFE_ONCE_DECLARED = "1h"

---@param user_id string  the only one who may go on with it
---@return table draft
function M.new(user_id)
  return { key = crypto.random_hex(16), user_id = user_id, impacts = {} }
end

--- The draft of a view that came back, or nil when it is too old or somebody else's. May yield.
---@param metadata table  the view's
---@param user_id string
function M.load(metadata, user_id)
  if type(metadata.draft) ~= "string" or not metadata.draft:find("^%x+$") then return nil end
  local draft, err = store.get(SCOPE, metadata.draft)
  if type(draft) ~= "table" or draft.user_id ~= user_id then return nil, err end
  draft.impacts = type(draft.impacts) == "table" and draft.impacts or {}
  return draft
end

--- Keeps it. May yield.
function M.save(draft)
  return store.put(SCOPE, draft.key, draft, {
    ttl = draft.incident_id and LIFE_ONCE_DECLARED or LIFE,
  })
end

--- What goes into the metadata of its views.
function M.metadata(draft)
  return { draft = draft.key }
end

return M
