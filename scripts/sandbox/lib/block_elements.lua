-- block_elements: what people press, choose and fill in: each element's shape, and in which blocks it may stand.
local objects = require "sandbox.lib.block_objects"

local M = {}

local STYLES = { primary = true, danger = true }
local IDS = "^[UW][A-Z0-9]+$"

local function same_option(a, b)
  return a.value == b.value and a.text.text == b.text.text and a.text.type == b.text.type
end

local function is_offered(element, wanted)
  for _, one in ipairs(element.options or {}) do
    if same_option(one, wanted) then return true end
  end
  for _, group in ipairs(element.option_groups or {}) do
    for _, one in ipairs(group.options) do
      if same_option(one, wanted) then return true end
    end
  end
  return false
end

-- What is chosen at first: of the right shape, and one of the offered ones.
local function initial_options(element, where, kind)
  local given = element.initial_options or (element.initial_option and { element.initial_option })
  if not given then return nil end
  local problem = objects.options(given, 1, 100, where .. ".initial_options", kind)
  if problem then return problem end
  for _, one in ipairs(given) do
    if not is_offered(element, one) then return where .. ": the initial option is not offered" end
  end
end

local function most_selected(element, where)
  local most = element.max_selected_items
  if most == nil then return nil end
  local problem = objects.integer(most, 1, 1000, where .. ".max_selected_items")
  if problem then return problem end
  local chosen = element.initial_users or element.initial_options or {}
  return #chosen > most and where .. ": more are chosen at first than max_selected_items" or nil
end

local function static_menu(element, where)
  return objects.menu(element, where) or initial_options(element, where) or most_selected(element, where)
end

local function external_menu(element, where)
  local least = element.min_query_length
  return (least ~= nil and objects.integer(least, 0, 75, where .. ".min_query_length") or nil)
    or (element.initial_option and objects.option(element.initial_option, where .. ".initial_option"))
    or (element.initial_options and objects.options(element.initial_options, 1, 100, where .. ".initial_options"))
    or most_selected(element, where)
end

local function people_menu(element, where)
  local given = element.initial_users or (element.initial_user and { element.initial_user }) or {}
  if element.initial_users and #given == 0 then return where .. ".initial_users: must not be empty" end
  for i, id in ipairs(given) do
    if type(id) ~= "string" or not id:find(IDS) then return ("%s.initial_users[%d]: is no user"):format(where, i) end
  end
  return most_selected(element, where)
end

local function ticks(element, where)
  return objects.options(element.options, 1, 10, where .. ".options", "ticked")
    or initial_options(element, where, "ticked")
end

local function button(element, where)
  return objects.text(element.text, 75, where .. ".text", true)
    or objects.optional_string(element.value, 1, 2000, where .. ".value")
    or objects.optional_string(element.url, 1, 3000, where .. ".url")
    or objects.optional_string(element.accessibility_label, 1, 75, where .. ".accessibility_label")
    or (element.style ~= nil and not STYLES[element.style] and where .. ".style: " .. tostring(element.style) or nil)
end

local function text_input(element, where)
  local least, most = element.min_length or 0, element.max_length or 3000
  return objects.integer(least, 0, 3000, where .. ".min_length")
    or objects.integer(most, 1, 3000, where .. ".max_length")
    or (least > most and where .. ".min_length: more than max_length" or nil)
    or objects.boolean(element.multiline, where .. ".multiline")
    or objects.optional_string(element.initial_value, 0, most, where .. ".initial_value")
end

local function moment_picker(element, where)
  if element.initial_date_time == nil then return nil end
  return objects.integer(element.initial_date_time, 1000000000, 9999999999, where .. ".initial_date_time")
end

local COMMON = "type action_id confirm focus_on_load "
local CHOICE = COMMON .. "placeholder "
local ANYWHERE, NOT_ALONE = "section actions input", "section input"

-- fields: what it may hold beside what all may; blocks: where it may stand.
local function kind(blocks, fields, check)
  return { blocks = objects.set(blocks), closed = objects.closed(fields), check = check or function() end }
end

local KINDS = {
  button = kind("section actions", COMMON .. "text value url style accessibility_label", button),
  overflow = kind("section actions", COMMON .. "options", function(element, where)
    return objects.options(element.options, 1, 5, where .. ".options", "overflow")
  end),
  static_select = kind(ANYWHERE, CHOICE .. "options option_groups initial_option", static_menu),
  multi_static_select = kind(NOT_ALONE, CHOICE .. "options option_groups initial_options max_selected_items",
    static_menu),
  external_select = kind(ANYWHERE, CHOICE .. "min_query_length initial_option", external_menu),
  multi_external_select = kind(NOT_ALONE, CHOICE .. "min_query_length initial_options max_selected_items",
    external_menu),
  users_select = kind(ANYWHERE, CHOICE .. "initial_user", people_menu),
  multi_users_select = kind(NOT_ALONE, CHOICE .. "initial_users max_selected_items", people_menu),
  conversations_select = kind(ANYWHERE, CHOICE .. "initial_conversation default_to_current_conversation filter"),
  channels_select = kind(ANYWHERE, CHOICE .. "initial_channel"),
  checkboxes = kind(ANYWHERE, COMMON .. "options initial_options", ticks),
  radio_buttons = kind(ANYWHERE, COMMON .. "options initial_option", ticks),
  datepicker = kind(ANYWHERE, CHOICE .. "initial_date"),
  timepicker = kind(ANYWHERE, CHOICE .. "initial_time timezone"),
  datetimepicker = kind("actions input", COMMON .. "initial_date_time", moment_picker),
  plain_text_input = kind("input",
    CHOICE .. "multiline min_length max_length initial_value dispatch_action_config", text_input),
}

--- The first problem of an element that stands in a block of the type <block_type>.
---@param seen table<string, boolean>  action ids of this block so far
function M.check(element, where, block_type, seen)
  local known = type(element) == "table" and KINDS[element.type]
  if not known then return where .. ".type: unknown element " .. tostring(type(element) == "table" and element.type) end
  if not known.blocks[block_type] then
    return ("%s.type: %s cannot stand in a block %s"):format(where, element.type, block_type)
  end
  local id = element.action_id
  if id ~= nil and seen[id] then return where .. ".action_id: used twice in one block: " .. tostring(id) end
  if id ~= nil then seen[id] = true end
  return known.closed(element, where)
    or objects.optional_string(id, 1, 255, where .. ".action_id")
    or objects.optional_text(element.placeholder, 150, where .. ".placeholder", true)
    or objects.confirm(element.confirm, where .. ".confirm")
    or objects.boolean(element.focus_on_load, where .. ".focus_on_load")
    or known.check(element, where)
end

return M
