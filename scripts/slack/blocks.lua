-- blocks: Block Kit pieces that cannot be too long. Text is shortened at whole characters and whole
-- entities; what cannot be shortened (too many options, an id that is too long) is a programming
-- error and throws.
local text = require "engine.text"

local M = {}

local ELLIPSIS = "\u{2026}"
local LIMIT = {
  section = 3000, field = 2000, fields = 10, header = 150, context = 10, button = 75, label = 2000,
  option = 75, options = 100, radio = 10, overflow = 5,
  groups = 100, placeholder = 150, id = 255, value = 2000, actions = 25,
}
M.LIMIT = LIMIT

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

--- Foreign text on one line of plain text: clean, without line breaks and direction overrides.
M.line = text.line

local function escape(value)
  return (text.plain(value):gsub("[&<>]", ENTITIES))
end

--- Foreign text for mrkdwn, at most <max> characters after escaping: a "<!channel>" in it is only
--- text.
---@param value string
---@param max? integer
---@return string
function M.escape(value, max)
  max = max or LIMIT.section
  local escaped, keep = escape(value), max
  if #escaped <= max then return escaped end
  local length = text.length(escaped)
  while length > max do
    keep = math.max(1, math.min(keep - 1, keep * max // length))
    escaped = escape(text.cut(value, keep, ELLIPSIS))
    length = text.length(escaped)
    if keep == 1 and length > max then return "" end
  end
  return escaped
end

--- Foreign text as a quotation, each line with its mark.
function M.quote(value, max)
  local lines = text.clean(value):gsub("\r\n?", "\n"):gsub("^%s+", ""):gsub("%s+$", "")
  local quoted, budget = {}, max or 2900
  for one in (lines .. "\n"):gmatch("(.-)\n") do
    if budget < 10 then
      quoted[#quoted + 1] = "> " .. ELLIPSIS
      break
    end
    local escaped = M.escape(one, budget - 4)
    quoted[#quoted + 1] = "> " .. escaped
    budget = budget - text.length(escaped) - 3
  end
  return table.concat(quoted, "\n")
end

--- Is it an address that Slack takes as a link?
---@param value any
function M.is_url(value)
  return type(value) == "string" and value:find "^https?://[^%s<>|]+$" ~= nil
end

--- A link in mrkdwn. <address> is ours, <label> may be foreign.
function M.link(address, label)
  return "<" .. address:gsub("[<>|]", "") .. "|" .. M.escape(label):gsub("|", "\u{00A6}") .. ">"
end

--- A moment that each reader sees in their own time zone.
function M.moment(ms, fallback)
  return ("<!date^%d^{date_short_pretty} {time}|%s>"):format(ms // 1000, fallback)
end

local function check_id(id)
  if type(id) ~= "string" or id == "" or #id > LIMIT.id then
    error("block or action id: " .. tostring(id), 3)
  end
  return id
end

--- A plain text object.
function M.plain(value, max)
  local cut = text.cut(M.line(value), max, ELLIPSIS)
  return { type = "plain_text", text = cut ~= "" and cut or " ", emoji = true }
end

-- Markup that is too long ends before the entity, mention or link that does not fit whole.
local function cut_markup(value, max)
  if #value <= max or text.length(value) <= max then return value end
  local cut = text.cut(value, max - 1, ""):gsub("&%w*$", ""):gsub("<[^<>]*$", "")
  return cut .. ELLIPSIS
end

-- `verbatim`: no "@here" or channel name inside foreign text comes to life.
local function mrkdwn(value, max)
  value = cut_markup(value, max)
  return { type = "mrkdwn", text = value ~= "" and value or " ", verbatim = true }
end

function M.header(value)
  return { type = "header", text = M.plain(value, LIMIT.header) }
end

function M.divider()
  return { type = "divider" }
end

--- A section of mrkdwn, already escaped.
---@param value string
---@param accessory? table
---@param block_id? string
function M.section(value, accessory, block_id)
  return {
    type = "section", text = mrkdwn(value, LIMIT.section), accessory = accessory,
    block_id = block_id and check_id(block_id),
  }
end

--- Pairs of name and value in two columns; mrkdwn, already escaped; what is over ten is left out.
function M.fields(pairs_of_text)
  local fields = {}
  for i = 1, math.min(#pairs_of_text, LIMIT.fields) do
    fields[i] = mrkdwn("*" .. pairs_of_text[i][1] .. "*\n" .. pairs_of_text[i][2], LIMIT.field)
  end
  return { type = "section", fields = fields }
end

--- Small print; mrkdwn, already escaped.
function M.context(...)
  local elements = {}
  for i, value in ipairs { ... } do
    if i > LIMIT.context then error("more than ten elements in a context", 2) end
    elements[i] = mrkdwn(value, LIMIT.section)
  end
  return { type = "context", elements = elements }
end

---@param options { action_id: string, label: string, value?: string, style?: string }
function M.button(options)
  if options.value and #options.value > LIMIT.value then
    error("the value of a button is too long", 2)
  end
  return {
    type = "button", action_id = check_id(options.action_id),
    text = M.plain(options.label, LIMIT.button),
    value = options.value, style = options.style,
  }
end

function M.actions(block_id, elements)
  if #elements == 0 or #elements > LIMIT.actions then
    error("an actions block has 1 to 25 elements", 2)
  end
  return { type = "actions", block_id = check_id(block_id), elements = elements }
end

---@param value string  what comes back; at most 75 bytes
---@param url? string  of an overflow: what is opened as well
function M.option(label, value, url)
  if #value == 0 or #value > LIMIT.option then error("the value of an option: " .. value, 2) end
  return { text = M.plain(label, LIMIT.option), value = value, url = url }
end

local function check_options(options)
  if #options == 0 or #options > LIMIT.options then
    error("a select has 1 to 100 options, not " .. #options, 3)
  end
  return options
end

-- The chosen ones among the options: Slack wants the very same objects.
local function chosen_options(options, values)
  local wanted, found = {}, {}
  for _, value in ipairs(values or {}) do wanted[value] = true end
  for _, option in ipairs(options) do
    if wanted[option.value] then found[#found + 1] = option end
  end
  return #found > 0 and found or nil
end

---@param options { action_id: string, options: table[], initial?: string, placeholder?: string }
function M.select(options)
  local found = chosen_options(check_options(options.options), { options.initial })
  return {
    type = "static_select", action_id = check_id(options.action_id), options = options.options,
    initial_option = found and found[1],
    placeholder = options.placeholder and M.plain(options.placeholder, LIMIT.placeholder),
  }
end

--- One of a few, all of them in sight; of more than ten, a select.
---@param options { action_id: string, options: table[] }
function M.choice(options)
  if #check_options(options.options) > LIMIT.radio then return M.select(options) end
  return { type = "radio_buttons", action_id = check_id(options.action_id), options = options.options }
end

--- A select whose options stand in groups. A group of more than 100 goes on in another one of the
--- same name.
---@param options { action_id: string, groups: { name: string, options: table[] }[], initial?: string,
---  placeholder?: string }
function M.grouped_select(options)
  local groups, initial = {}, nil
  for _, group in ipairs(options.groups) do
    for first = 1, #group.options, LIMIT.options do
      local part = table.move(group.options, first,
        math.min(first + LIMIT.options - 1, #group.options), 1, {})
      local found = chosen_options(part, { options.initial })
      initial = initial or (found and found[1])
      groups[#groups + 1] = { label = M.plain(group.name, LIMIT.option), options = part }
    end
  end
  if #groups == 0 or #groups > LIMIT.groups then
    error("a select has 1 to 100 groups, not " .. #groups, 2)
  end
  return {
    type = "static_select", action_id = check_id(options.action_id), option_groups = groups,
    initial_option = initial,
    placeholder = options.placeholder and M.plain(options.placeholder, LIMIT.placeholder),
  }
end

--- A select whose options are asked for while somebody types (a feature's `options`). <initial>: an option.
---@param options { action_id: string, placeholder?: string, min_query?: integer, initial?: table }
function M.searched_select(options)
  return {
    type = "external_select", action_id = check_id(options.action_id),
    min_query_length = options.min_query or 0, initial_option = options.initial,
    placeholder = options.placeholder and M.plain(options.placeholder, LIMIT.placeholder),
  }
end

--- The same of several. <initial>: options.
---@param options { action_id: string, initial?: table[] }
function M.searched_multi_select(options)
  local initial = options.initial
  return {
    type = "multi_external_select", action_id = check_id(options.action_id), min_query_length = 0,
    initial_options = initial and #initial > 0 and initial or nil,
  }
end

--- Several people. <initial>: Slack ids.
---@param options { action_id: string, initial?: string[], max?: integer, placeholder?: string }
function M.users_select(options)
  return {
    type = "multi_users_select", action_id = check_id(options.action_id),
    initial_users = options.initial and #options.initial > 0 and options.initial or nil,
    max_selected_items = options.max,
    placeholder = options.placeholder and M.plain(options.placeholder, LIMIT.placeholder),
  }
end

--- Three dots that open a menu of one to five options.
---@param options { action_id: string, options: table[] }
function M.overflow(options)
  if #options.options == 0 or #options.options > LIMIT.overflow then error("an overflow has 1 to 5 options", 2) end
  return { type = "overflow", action_id = check_id(options.action_id), options = options.options }
end

--- A day and a time. <initial>: Unix seconds.
---@param options { action_id: string, initial?: integer }
function M.moment_picker(options)
  return {
    type = "datetimepicker", action_id = check_id(options.action_id),
    initial_date_time = options.initial,
  }
end

---@param options { action_id: string, options: table[], initial?: string[], placeholder?: string }
function M.multi_select(options)
  return {
    type = "multi_static_select", action_id = check_id(options.action_id),
    options = check_options(options.options),
    initial_options = chosen_options(options.options, options.initial),
    placeholder = options.placeholder and M.plain(options.placeholder, LIMIT.placeholder),
  }
end

---@param options { action_id: string, min?: integer, max: integer, initial?: string, multiline?: boolean }
function M.text_input(options)
  return {
    type = "plain_text_input", action_id = check_id(options.action_id),
    multiline = options.multiline or false,
    min_length = options.min, max_length = options.max, initial_value = options.initial,
  }
end

--- One box to tick; its option's value is "True".
function M.checkbox(options)
  local option = M.option(options.label, "True")
  return {
    type = "checkboxes", action_id = check_id(options.action_id), options = { option },
    initial_options = options.initial and { option } or nil,
  }
end

---@param options { block_id: string, label: string, element: table, hint?: string, optional?: boolean,
---  dispatch?: boolean }
function M.input(options)
  return {
    type = "input", block_id = check_id(options.block_id),
    label = M.plain(options.label, LIMIT.label),
    element = options.element,
    hint = options.hint and options.hint ~= "" and M.plain(options.hint, LIMIT.label) or nil,
    optional = options.optional or false,
    dispatch_action = options.dispatch or nil,
  }
end

return M
