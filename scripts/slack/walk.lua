-- walk: the same work for many things, in a job that may be interrupted at any moment. What is done
-- is noted, so that the next try goes on behind it; a rate limit waits; one thing that fails never
-- keeps the others out, and is tried once more with the others that failed.
local log = require "engine.log"
local task = require "engine.task"

local M = {}

local NOTE_EVERY = 10

local function keys_of(list)
  local set = {}
  for _, key in ipairs(list) do set[key] = true end
  return set
end

local function is_due(walk, only, key)
  return (not walk.after or key > walk.after) and (not only or only[key] == true)
end

-- <walk>: after: the key of the last thing that is settled; done, failed: how many; again: keys that
-- time may mend; only: the keys of this round, nil: all.
local function settle(walk, key, err)
  walk.after = key
  if not err then
    walk.done = walk.done + 1
  elseif err.retryable then
    table.insert(walk.again, key)
  else
    walk.failed = walk.failed + 1
  end
end

-- All that time may mend gets another round, which is the job's next try.
local function end_round(ctx, walk, cause)
  if #walk.again == 0 then
    ctx:note { walk = walk }
    return nil
  end
  walk.only, walk.again, walk.after = walk.again, {}, nil
  ctx:note { walk = walk }
  return nil, cause
end

--- Does <work> for each item. Answers what a job's handler answers. May yield.
---@param ctx Context
---@param what string  for the log: "user group"
---@param items table[]  each with a `key`, a text that is its own
---@param work fun(item: table): any, table|nil
---@return nil|string outcome
---@return table|nil err
function M.each(ctx, what, items, work)
  local walk = ctx.progress.walk or { done = 0, failed = 0, again = {} }
  local only, cause = walk.only and keys_of(walk.only), nil
  table.sort(items, function(a, b) return a.key < b.key end)
  walk.total = #items
  for count, item in ipairs(items) do
    if is_due(walk, only, item.key) then
      local _, err = work(item)
      if err and err.code == "rate_limited" then
        ctx:note { walk = walk }
        return "wait", err
      end
      if err then
        cause = err
        log.warn(("a %s was not taken over: %s"):format(what, tostring(err)), { id = item.key })
      end
      settle(walk, item.key, err)
    end
    if count % NOTE_EVERY == 0 then ctx:note { walk = walk } end
    task.sleep "0ms"                    -- acknowledgements come first
  end
  return end_round(ctx, walk, cause)
end

return M
