-- blocks: refuses what the vendor's Block Kit refuses: unknown types and names, missing parts, texts and lists over
-- their limits. Each check returns nil when all is well, else one sentence with the place.
local elements = require "sandbox.lib.block_elements"
local json = require "engine.json"
local objects = require "sandbox.lib.block_objects"

local M = {}

local MAX_BLOCKS = { message = 50, modal = 100, home = 100 }
local MAX_OPTIONS = 100

local function section(block, where)
  if block.text == nil and block.fields == nil then return where .. ": needs text or fields" end
  local problem = objects.optional_text(block.text, 3000, where .. ".text")
    or (block.fields ~= nil and objects.list(block.fields, 1, 10, where .. ".fields") or nil)
  for i, field in ipairs(not problem and block.fields or {}) do
    problem = problem or objects.text(field, 2000, ("%s.fields[%d]"):format(where, i))
  end
  if problem or block.accessory == nil then return problem end
  if type(block.accessory) == "table" and block.accessory.type == "image" then return nil end
  return elements.check(block.accessory, where .. ".accessory", "section", {})
end

local image_fields = objects.closed "type image_url alt_text slack_file"

local function context(block, where)
  local problem = objects.list(block.elements, 1, 10, where .. ".elements")
  for i, element in ipairs(not problem and block.elements or {}) do
    local at = ("%s.elements[%d]"):format(where, i)
    local is_image = type(element) == "table" and element.type == "image"
    problem = problem or (is_image and image_fields(element, at) or nil)
      or (not is_image and objects.text(element, 3000, at) or nil)
  end
  return problem
end

local function actions(block, where)
  local problem, seen = objects.list(block.elements, 1, 25, where .. ".elements"), {}
  for i, element in ipairs(not problem and block.elements or {}) do
    problem = problem or elements.check(element, ("%s.elements[%d]"):format(where, i), "actions", seen)
  end
  return problem
end

local function input(block, where)
  return objects.text(block.label, 2000, where .. ".label", true)
    or objects.optional_text(block.hint, 2000, where .. ".hint", true)
    or objects.boolean(block.optional, where .. ".optional")
    or objects.boolean(block.dispatch_action, where .. ".dispatch_action")
    or elements.check(block.element, where .. ".element", "input", {})
end

local function image(block, where)
  return objects.string(block.image_url, 1, 3000, where .. ".image_url")
    or objects.string(block.alt_text, 1, 2000, where .. ".alt_text")
    or objects.optional_text(block.title, 2000, where .. ".title", true)
end

local function kind(fields, check)
  return { closed = objects.closed("type block_id " .. fields), check = check }
end

local BLOCKS = {
  divider = kind("", function() end),
  section = kind("text fields accessory expand", section),
  context = kind("elements", context),
  header = kind("text", function(block, where) return objects.text(block.text, 150, where .. ".text", true) end),
  actions = kind("elements", actions),
  input = kind("label element hint optional dispatch_action", input),
  image = kind("image_url alt_text title slack_file", image),
}

--- Checks a list of blocks for a surface: "message", "modal" or "home".
function M.check_blocks(blocks, surface)
  local problem, seen = objects.list(blocks, 0, MAX_BLOCKS[surface], "blocks"), {}
  if problem then return problem end
  for i, block in ipairs(blocks) do
    local where = "blocks[" .. i .. "]"
    local known = type(block) == "table" and BLOCKS[block.type]
    if not known then return where .. ".type: unknown block " .. tostring(type(block) == "table" and block.type) end
    local id = block.block_id
    if id ~= nil and seen[id] then return where .. ".block_id: used twice: " .. tostring(id) end
    if id ~= nil then seen[id] = true end
    problem = known.closed(block, where) or objects.optional_string(id, 1, 255, where .. ".block_id")
      or known.check(block, where)
    if problem then return problem end
  end
end

-- Only one element may be where the cursor stands at first.
local function focus_problem(view)
  local count = 0
  for _, block in ipairs(view.blocks) do
    if type(block.element) == "table" and block.element.focus_on_load then count = count + 1 end
  end
  return count > 1 and "view: more than one focus_on_load" or nil
end

local COMMON = "type blocks private_metadata callback_id external_id "
local VIEWS = {
  modal = objects.closed(COMMON .. "title submit close clear_on_close notify_on_close"),
  home = objects.closed(COMMON .. "title submit close"),
}

local function modal_problem(view)
  local problem = objects.text(view.title, 24, "view.title", true)
    or objects.optional_text(view.submit, 24, "view.submit", true)
    or objects.optional_text(view.close, 24, "view.close", true)
  for i, block in ipairs(not problem and view.blocks or {}) do
    if block.type == "input" and not view.submit then
      return "blocks[" .. i .. "]: an input needs the view to have submit"
    end
  end
  return problem
end

--- Checks a view of views.open, push, update and publish, without its size.
function M.check_view(view)
  if type(view) ~= "table" then return "view: must be an object" end
  local closed = VIEWS[view.type]
  if not closed then return "view.type: " .. tostring(view.type) end
  return closed(view, "view") or M.check_blocks(view.blocks, view.type)
    or (view.type == "modal" and modal_problem(view) or nil)
    or objects.optional_string(view.private_metadata, 0, 3000, "view.private_metadata")
    or objects.optional_string(view.callback_id, 1, 255, "view.callback_id")
    or objects.optional_string(view.external_id, 1, 255, "view.external_id")
    or focus_problem(view)
end

--- Checks the answer to a list that is searched while somebody types.
function M.check_suggestions(answer)
  if type(answer) ~= "table" then return "must be an object" end
  if answer.options and #answer.options == 0 then return objects.closed "options"(answer, "answer") end
  local problem = objects.closed "options option_groups"(answer, "answer") or objects.menu(answer, "answer")
  if problem then return problem end
  local count = 0
  for _, group in ipairs(answer.option_groups or { answer }) do count = count + #group.options end
  return count > MAX_OPTIONS and "answer: more than 100 options" or nil
end

local function input_of(view, block_id)
  for _, block in ipairs(view.blocks or {}) do
    if block.block_id == block_id then return block.type == "input" end
  end
  return false
end

local SUBMISSION = {}

function SUBMISSION.errors(answer, view)
  local closed = objects.closed "response_action errors"(answer, "answer")
  if closed then return closed end
  if type(answer.errors) ~= "table" or not next(answer.errors) then return "answer.errors: must not be empty" end
  for block_id, words in pairs(answer.errors) do
    if not input_of(view, block_id) then return "answer.errors: there is no input block " .. tostring(block_id) end
    local problem = objects.string(words, 1, 2000, "answer.errors." .. block_id)
    if problem then return problem end
  end
end

function SUBMISSION.clear(answer) return objects.closed "response_action"(answer, "answer") end

function SUBMISSION.update(answer)
  return objects.closed "response_action view"(answer, "answer") or M.check_view(answer.view)
    or (answer.view.type ~= "modal" and "answer.view.type: must be a modal" or nil)
end

SUBMISSION.push = SUBMISSION.update

--- Checks the answer to a submitted <view>; nil is the empty one.
function M.check_submission(answer, view)
  if answer == nil or answer == json.null then return nil end
  if type(answer) ~= "table" then return "answer: must be an object" end
  local check = SUBMISSION[answer.response_action]
  if not check then return "answer.response_action: " .. tostring(answer.response_action) end
  return check(answer, view)
end

local note_fields = objects.closed
  "response_type text blocks replace_original delete_original thread_ts unfurl_links unfurl_media"

--- Checks what is said at a response URL or in the answer to a command.
function M.check_note(note)
  if type(note) ~= "table" then return "must be an object" end
  if (note.text == nil or note.text == "") and note.blocks == nil then return "no_text" end
  return note_fields(note, "answer") or objects.optional_string(note.text, 0, 40000, "answer.text")
    or (note.blocks ~= nil and M.check_blocks(note.blocks, "message") or nil)
end

return M
