-- view: modals within the vendor's limits, and opening, pushing and updating them. These calls are
-- made at once and never as jobs: a trigger lives three seconds.
local json = require "engine.json"
local blocks = require "slack.blocks"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local MAX_TITLE, MAX_BLOCKS, MAX_BYTES, MAX_METADATA = 24, 100, 250000, 3000
local FAST = { timeout = "5s", wait = "1s" }

local function has_input(list)
  for _, block in ipairs(list) do
    if block.type == "input" then return true end
  end
  return false
end

--- Takes out of a form's blocks what is over the limit, and says at its end where the rest is. Two blocks may follow.
---@param list table[]  is changed
---@param where string  mrkdwn: "`halligan incident roles 12` has all of them."
function M.fit(list, where)
  local most = MAX_BLOCKS - 3
  if #list <= most then return end
  local left_out = #list - most
  for i = #list, most + 1, -1 do list[i] = nil end
  list[#list + 1] = blocks.context(("%d more do not fit in a form of Slack's. %s"):format(left_out, where))
end

---@param options { callback_id: string, title: string, blocks: table[], submit?: string, close?: string,
---  metadata?: table }
---@return table view
function M.modal(options)
  if #options.blocks > MAX_BLOCKS then
    error("a modal has at most 100 blocks, not " .. #options.blocks, 2)
  end
  if has_input(options.blocks) and not options.submit then
    error("a modal with inputs needs a submit button", 2)
  end
  local metadata = options.metadata and json.encode(options.metadata) or nil
  if metadata and #metadata > MAX_METADATA then
    error("private_metadata is too long: keep the data in the store", 2)
  end
  local view = {
    type = "modal", callback_id = options.callback_id,
    title = blocks.plain(options.title, MAX_TITLE),
    blocks = options.blocks,
    submit = options.submit and blocks.plain(options.submit, MAX_TITLE),
    private_metadata = metadata,
    close = options.close and blocks.plain(options.close, MAX_TITLE),
  }
  if #json.encode(view) > MAX_BYTES then
    error("the modal " .. options.callback_id .. " is larger than 250 kB", 2)
  end
  return view
end

--- A modal that only says something.
function M.notice(title, message)
  return M.modal {
    callback_id = "notice", title = title, close = "Close", blocks = { blocks.section(message) },
  }
end

--- The metadata of a view that came back.
---@return table
function M.metadata(view)
  return foreign.table(view.metadata ~= "" and json.decode(view.metadata))
end

function M.open(trigger_id, view)
  return client.call("views.open", { trigger_id = trigger_id, view = view }, FAST)
end

function M.push(trigger_id, view)
  return client.call("views.push", { trigger_id = trigger_id, view = view }, FAST)
end

--- <hash>: refuse when somebody changed the view meanwhile.
function M.update(view_id, view, hash)
  return client.call("views.update", {
    view_id = view_id, view = view, hash = hash ~= "" and hash or nil,
  }, FAST)
end

local MAX_CLICKED = 1000
local newest_click, clicked_count = {}, 0

-- Notes a click in a view. Returns whether it is the newest one there, now and whenever it is asked again.
local function note_click(given)
  local id, at = given.view.id, given.action.clicked_at
  if not newest_click[id] then
    if clicked_count >= MAX_CLICKED then newest_click, clicked_count = {}, 0 end
    clicked_count = clicked_count + 1
  end
  newest_click[id] = math.max(newest_click[id] or at, at)
  return function() return (newest_click[id] or at) <= at end
end

--- Draws a view anew after a click in it. Of two clicks that are drawn side by side the later one stays, whichever is
--- ready first: what has changed meanwhile (hash_conflict) it replaces, and the earlier one is left out. May yield.
---@param given table  from slack.request
---@param make fun(): table|nil  the view; nil: it stays as it is
---@return table|true|nil shown
---@return table|nil err
function M.redraw(given, make)
  local is_newest = note_click(given)
  local made = make()
  if not made or not is_newest() then return true end
  local shown, err = M.update(given.view.id, made, given.view.hash)
  if shown or err.slack ~= "hash_conflict" then return shown, err end
  if not is_newest() then return true end
  return M.update(given.view.id, made)
end

local function selected_value(state)
  return foreign.text(foreign.table(state.selected_option).value)
end

local function selected_values(state)
  local values = json.array {}
  for _, option in ipairs(foreign.table(state.selected_options)) do
    values[#values + 1] = foreign.text(foreign.table(option).value)
  end
  return values
end

-- The value of one element as a form holds it: text, an option's value, a list of values, or a
-- boolean.
local READERS = {
  plain_text_input = function(state) return foreign.text(state.value) end,
  radio_buttons = selected_value, static_select = selected_value, external_select = selected_value,
  multi_static_select = selected_values, multi_external_select = selected_values,
  users_select = function(state) return foreign.text(state.selected_user) end,
  multi_users_select = function(state)
    local ids = json.array {}
    for _, id in ipairs(foreign.table(state.selected_users)) do ids[#ids + 1] = foreign.text(id) end
    return ids
  end,
  datetimepicker = function(state) return math.tointeger(state.selected_date_time) end,
  checkboxes = function(state) return #foreign.table(state.selected_options) > 0 end,
}

--- What a view's inputs hold, by name: the action id without what stands behind "___".
---@param values table  view.state.values
---@return table<string, any>
function M.read_values(values)
  local read = {}
  for _, block in pairs(values) do
    for action_id, state in pairs(foreign.table(block)) do
      local reader = type(state) == "table" and READERS[state.type]
      if reader and type(action_id) == "string" then
        read[action_id:gsub("___.*$", "", 1)] = reader(state)
      end
    end
  end
  return read
end

return M
