-- form: the rules of the details form: which fields there are, what they may hold, and what is
-- declared from them.
local config = require "engine.config"
local text = require "engine.text"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"

local M = {}

M.TITLE = { min = 10, max = 128 }
M.DESCRIPTION = { min = 10, max = 1200 }

local function is_normal(context)
  return context.response_type == "normal"
end

local function hits(type_value)
  return function(context)
    return catalogue_of.is_hit(context.catalogue, context.draft, type_value)
  end
end

local hits_customers, hits_sellers = hits "customers_impact", hits "sellers_impact"

local function has_teams(context)
  return is_normal(context) and #config.slack.teams > 0
end

-- Fields that depend on the impacts or on the operator's lists. `custom`: the name among the custom
-- fields.
local EXTRA_FIELDS = {
  {
    name = "platform", custom = "platforms", kind = "list", label = "Platforms", is_required = true,
    shown = function() return #config.slack.platforms > 0 end,
    choices = function() return config.slack.platforms end,
  },
  {
    name = "suggested_team_routing", kind = "choice", label = "Team", is_required = true,
    shown = has_teams,
    choices = function() return config.slack.teams end, hint = "Who should look at it first?",
  },
  {
    name = "zendesk_ticket_id", kind = "text", label = "Customer support ticket", min = 2,
    max = 128,
    shown = hits_customers,
  },
  {
    name = "seller_contract_id", kind = "text", label = "Partner contract", max = 128,
    shown = hits_sellers,
  },
  {
    name = "is_key_account", kind = "flag", label = "A key account is affected",
    shown = hits_sellers,
  },
  {
    name = "is_seller_in_golden_list", kind = "flag",
    label = "A partner with guaranteed service is affected",
    shown = hits_sellers,
  },
  {
    name = "zoho_desk_ticket_id", kind = "text", label = "Partner support ticket", min = 1,
    max = 128,
    shown = hits_sellers,
  },
}

--- The extra fields that these impacts bring.
---@param context table  catalogue, draft, priority, response_type
function M.extra_fields(context)
  local shown = {}
  for _, field in ipairs(EXTRA_FIELDS) do
    if field.shown(context) then shown[#shown + 1] = field end
  end
  return shown
end

local function trim(value)
  return type(value) == "string" and text.clean(value):gsub("^%s+", ""):gsub("%s+$", "") or ""
end

local function length_problem(value, rule)
  local length = text.length(value)
  if rule.min and length < rule.min then
    return ("Please write at least %d characters (these are %d)."):format(rule.min, length)
  elseif length > rule.max then
    return ("At most %d characters, please (these are %d)."):format(rule.max, length)
  end
end

--- What is wrong with a title of a form; nil when it is good.
function M.title_problem(value)
  return length_problem(value, M.TITLE)
end

local function check_text(errors, name, value, rule, is_required)
  local given = trim(value)
  if given == "" and not is_required then return given end
  errors[name] = length_problem(given, rule)
  return given
end

local function list_of(value)
  return type(value) == "table" and value or {}
end

local function check_environments(errors, context, given)
  local values = {}
  for _, value in ipairs(list_of(given)) do
    if not catalogue_of.environment_by_value(context.catalogue, value) then
      errors.environment = "One of these environments no longer exists."
    end
    values[#values + 1] = value
  end
  if #values == 0 then errors.environment = "Choose at least one environment." end
  return values
end

local function is_choice(choices, value)
  for _, choice in ipairs(choices) do
    if choice.value == value then return true end
  end
  return false
end

local CHECKS = {}

function CHECKS.text(errors, field, value)
  return check_text(errors, field.name, value, field, field.is_required)
end

function CHECKS.flag(_, _, value)
  return value == true
end

function CHECKS.choice(errors, field, value)
  if value == nil and not field.is_required then return nil end
  if not is_choice(field.choices(), value) then errors[field.name] = "Choose one." end
  return value
end

function CHECKS.list(errors, field, value)
  local values = list_of(value)
  for _, one in ipairs(values) do
    if not is_choice(field.choices(), one) then
      errors[field.name] = "One of these no longer exists."
    end
  end
  if #values == 0 and field.is_required then errors[field.name] = "Choose at least one." end
  return values
end

--- Checks what a form held.
---@param context table  catalogue, draft, priority, response_type
---@param values table  by field name, as view.read_values gives them
---@return table clean  to be kept in the draft
---@return table<string, string>|nil errors  by block id
function M.check(context, values)
  local errors, clean = {}, {}
  clean.title = blocks.line(check_text(errors, "title", values.title, M.TITLE, true))
  clean.description = check_text(errors, "description", values.description, M.DESCRIPTION, true)
  clean.incident_category = values.incident_category
  if not catalogue_of.by_id(context.catalogue.categories, values.incident_category) then
    errors.incident_category = "Choose a category."
  end
  clean.environment = check_environments(errors, context, values.environment)
  for _, field in ipairs(M.extra_fields(context)) do
    clean[field.name] = CHECKS[field.kind](errors, field, values[field.name])
  end
  return clean, next(errors) and errors or nil
end

--- The custom fields of the declaration: what was shown, also when empty.
function M.custom_fields(context, details)
  local custom = {}
  for _, field in ipairs(M.extra_fields(context)) do
    custom[field.custom or field.name] = details[field.name]
  end
  return custom
end

--- The category that the details name; nil for none.
function M.category_of(context, details)
  return details and catalogue_of.by_id(context.catalogue.categories, details.incident_category)
end

return M
