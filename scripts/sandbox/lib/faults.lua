-- faults: failures on demand. A rule names a method (or "*"), a kind and how often; the first rule that
-- matches is used.
local M = {}

local KINDS = { error = true, user_error = true, rate_limit = true, server_error = true, garbage = true,
  reset = true, hang = true,
  slow = true }
local rules = {}

--- Adds a rule; nil and a sentence when it makes no sense.
function M.add(rule)
  if type(rule) ~= "table" or type(rule.method) ~= "string" or not KINDS[rule.kind] then
    return nil, "a fault needs a method and a kind (error, user_error, rate_limit, server_error, garbage, "
      .. "reset, hang, slow)"
  end
  rule.times = rule.times or 1
  rule.skip = rule.skip or 0
  rule.hits = 0
  rules[#rules + 1] = rule
  return true
end

function M.list() return rules end
function M.clear() rules = {} end

--- The rule that hits this call, counted; user_error rules are asked for by the method itself.
function M.hit(method, kind_wanted)
  for _, rule in ipairs(rules) do
    local fits = (rule.method == "*" or rule.method == method) and rule.times > 0
      and (rule.kind == "user_error") == (kind_wanted == "user_error")
    if fits then
      if rule.skip > 0 then
        rule.skip = rule.skip - 1
      else
        rule.times = rule.times - 1
        rule.hits = rule.hits + 1
        return rule
      end
    end
  end
end

return M
