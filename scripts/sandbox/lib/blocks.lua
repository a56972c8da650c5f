-- blocks: refuses what the vendor's Block Kit refuses: unknown types, missing parts, texts and lists over their limits.
-- check_* return nil when all is well, else one sentence with the place.
local text = require "engine.text"

local M = {}

local MAX_BLOCKS = { message = 50, modal = 100, home = 100 }
local INTERACTIVE = {
  button = true, static_select = true, multi_static_select = true, external_select = true, users_select = true,
  multi_users_select = true, conversations_select = true, channels_select = true, overflow = true, checkboxes = true,
  radio_buttons = true, datepicker = true, timepicker = true, datetimepicker = true, plain_text_input = true,
}

local function too_long(value, max, where)
  if type(value) ~= "string" then return where .. ": must be a text" end
  if text.length(value) > max then return where .. ": more than " .. max .. " characters" end
end

local function text_object(object, max, where, plain_only)
  if type(object) ~= "table" then return where .. ": must be a text object" end
  if object.type ~= "plain_text" and (plain_only or object.type ~= "mrkdwn") then
    return where .. ".type: " .. tostring(object.type)
  end
  if type(object.text) ~= "string" or object.text == "" then return where .. ".text: must not be empty" end
  return too_long(object.text, max, where .. ".text")
end

local function option(object, where)
  if type(object) ~= "table" then return where .. ": must be an option" end
  return text_object(object.text, 75, where .. ".text") or too_long(object.value, 75, where .. ".value")
end

local function option_list(list, max, where)
  if type(list) ~= "table" or #list < 1 or #list > max then return where .. ": 1 to " .. max .. " options" end
  for i, one in ipairs(list) do
    local problem = option(one, where .. "[" .. i .. "]")
    if problem then return problem end
  end
end

local function same_option(a, b)
  return a.value == b.value and a.text.text == b.text.text
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

local function select_menu(element, where)
  local problem
  if element.option_groups then
    if #element.option_groups < 1 or #element.option_groups > 100 then
      return where .. ".option_groups: 1 to 100"
    end
    for i, group in ipairs(element.option_groups) do
      local at = where .. ".option_groups[" .. i .. "]"
      problem = text_object(group.label, 75, at .. ".label", true)
        or option_list(group.options, 100, at .. ".options")
      if problem then return problem end
    end
  else
    problem = option_list(element.options, 100, where .. ".options")
    if problem then return problem end
  end
  local initial = element.initial_options or (element.initial_option and { element.initial_option }) or {}
  for _, one in ipairs(initial) do
    if not is_offered(element, one) then return where .. ": the initial option is not offered" end
  end
end

local ELEMENTS = {
  button = function(element, where)
    return text_object(element.text, 75, where .. ".text", true)
      or (element.value and too_long(element.value, 2000, where .. ".value"))
      or (element.url and too_long(element.url, 3000, where .. ".url"))
  end,
  static_select = select_menu,
  multi_static_select = select_menu,
  overflow = function(element, where) return option_list(element.options, 5, where .. ".options") end,
  checkboxes = function(element, where) return option_list(element.options, 10, where .. ".options") end,
  radio_buttons = function(element, where) return option_list(element.options, 10, where .. ".options") end,
  plain_text_input = function(element, where)
    if element.max_length and (element.max_length < 1 or element.max_length > 3000) then
      return where .. ".max_length: 1 to 3000"
    end
    return element.initial_value and too_long(element.initial_value, 3000, where .. ".initial_value")
  end,
}

local function element_problem(element, where, seen_actions)
  if type(element) ~= "table" or not INTERACTIVE[element.type] then
    return where .. ".type: unknown element " .. tostring(type(element) == "table" and element.type)
  end
  if element.action_id then
    local problem = too_long(element.action_id, 255, where .. ".action_id")
    if problem then return problem end
    if seen_actions[element.action_id] then return where .. ".action_id: used twice in one block" end
    seen_actions[element.action_id] = true
  end
  if element.placeholder then
    local problem = text_object(element.placeholder, 150, where .. ".placeholder", true)
    if problem then return problem end
  end
  local check = ELEMENTS[element.type]
  return check and check(element, where)
end

local function elements(list, max, where)
  if type(list) ~= "table" or #list < 1 or #list > max then return where .. ": 1 to " .. max .. " elements" end
  local seen = {}
  for i, element in ipairs(list) do
    local problem = element_problem(element, where .. "[" .. i .. "]", seen)
    if problem then return problem end
  end
end

local function section(block, where)
  if not block.text and not block.fields then return where .. ": needs text or fields" end
  local problem = block.text and text_object(block.text, 3000, where .. ".text")
  if problem then return problem end
  if block.fields then
    if #block.fields < 1 or #block.fields > 10 then return where .. ".fields: 1 to 10" end
    for i, field in ipairs(block.fields) do
      problem = text_object(field, 2000, where .. ".fields[" .. i .. "]")
      if problem then return problem end
    end
  end
  return block.accessory and element_problem(block.accessory, where .. ".accessory", {})
end

local function context(block, where)
  if type(block.elements) ~= "table" or #block.elements < 1 or #block.elements > 10 then
    return where .. ".elements: 1 to 10"
  end
  for i, element in ipairs(block.elements) do
    if element.type ~= "image" then
      local problem = text_object(element, 3000, where .. ".elements[" .. i .. "]")
      if problem then return problem end
    end
  end
end

local BLOCKS = {
  divider = function() end,
  section = section,
  context = context,
  header = function(block, where) return text_object(block.text, 150, where .. ".text", true) end,
  actions = function(block, where) return elements(block.elements, 25, where .. ".elements") end,
  input = function(block, where)
    return text_object(block.label, 2000, where .. ".label", true)
      or (block.hint and text_object(block.hint, 2000, where .. ".hint", true))
      or element_problem(block.element, where .. ".element", {})
  end,
  image = function(block, where)
    return too_long(block.image_url or "", 3000, where .. ".image_url")
      or too_long(block.alt_text, 2000, where .. ".alt_text")
  end,
}

--- Checks a list of blocks for a surface: "message", "modal" or "home".
function M.check_blocks(blocks, surface)
  if type(blocks) ~= "table" then return "blocks: must be a list" end
  if #blocks > MAX_BLOCKS[surface] then return "blocks: at most " .. MAX_BLOCKS[surface] end
  local seen = {}
  for i, block in ipairs(blocks) do
    local where = "blocks[" .. i .. "]"
    local check = type(block) == "table" and BLOCKS[block.type]
    if not check then
      return where .. ".type: unknown block " .. tostring(type(block) == "table" and block.type)
    end
    if block.block_id then
      if seen[block.block_id] then return where .. ".block_id: used twice: " .. block.block_id end
      seen[block.block_id] = true
      local problem = too_long(block.block_id, 255, where .. ".block_id")
      if problem then return problem end
    end
    local problem = check(block, where)
    if problem then return problem end
  end
end

--- Checks a view of views.open, push, update and publish, without its size.
function M.check_view(view)
  if type(view) ~= "table" then return "view: must be an object" end
  if view.type ~= "modal" and view.type ~= "home" then return "view.type: " .. tostring(view.type) end
  local problem = M.check_blocks(view.blocks, view.type)
  if problem then return problem end
  if view.type == "modal" then
    problem = text_object(view.title, 24, "view.title", true)
      or (view.submit and text_object(view.submit, 24, "view.submit", true))
      or (view.close and text_object(view.close, 24, "view.close", true))
    if problem then return problem end
    for i, block in ipairs(view.blocks) do
      if block.type == "input" and not view.submit then
        return "blocks[" .. i .. "]: an input needs the view to have submit"
      end
    end
  end
  return (view.private_metadata and too_long(view.private_metadata, 3000, "view.private_metadata"))
    or (view.callback_id and too_long(view.callback_id, 255, "view.callback_id"))
    or (view.external_id and too_long(view.external_id, 255, "view.external_id"))
end

return M
