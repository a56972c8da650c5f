--- call: what the methods share: refusals, the channel an argument names, pages of a list.
local json = require "engine.json"
local workspace = require "sandbox.lib.workspace"

local M = {}

--- Ends the call with the vendor's {"ok": false, "error": <code>}; <more> are further members of the reply.
function M.fail(code, more)
  error({ refusal = code, more = more }, 0)
end

--- The channel <id> as far as the app may use it. wanted: writable, member.
function M.find_channel(id, wanted)
  local channel = workspace.get().channels[id]
  local is_member = channel and channel.members[workspace.BOT]
  if not channel or channel.is_private and not is_member then M.fail "channel_not_found" end
  if wanted and wanted.writable and channel.is_archived then M.fail "is_archived" end
  if wanted and wanted.member and not is_member then M.fail "not_in_channel" end
  return channel
end

--- The conversation with one person, made when there is none.
function M.direct_channel(person_id)
  for _, channel in pairs(workspace.get().channels) do
    if channel.is_im and channel.user == person_id then return channel end
  end
  return workspace.add_channel(workspace.next_id "D", "directmessage", workspace.BOT, { workspace.BOT, person_id },
    { is_im = true, user = person_id })
end

--- One page of <items>; the cursor is the position of the next one.
function M.page(items, args, fallback)
  local size = args.limit and args.limit > 0 and args.limit or fallback
  local first = 1
  if args.cursor and args.cursor ~= "" then
    first = math.tointeger(tonumber(args.cursor:match("^next:(%d+)$")))
    if not first or first > #items then M.fail("invalid_cursor") end
  end
  local last = math.min(first + size - 1, #items)
  local list = table.move(items, first, last, 1, {})
  return json.array(list), { next_cursor = last < #items and "next:" .. last + 1 or "" }
end

return M
