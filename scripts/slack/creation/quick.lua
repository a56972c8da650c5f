-- quick: what "open P2 #payment what is broken" declares: a priority, the category if one is named, the title. What is
-- not said comes from `defaults`.
local config = require "engine.config"
local text = require "engine.text"
local suggest = require "config.suggest"
local blocks = require "slack.blocks"
local catalogue_of = require "slack.creation.catalogue"
local form = require "slack.creation.form"

local M = {}

local NAMED = 8                        -- categories that a refusal names
local NOTHING_DECLARED = "config.lua declares no category or no environment yet; whoever runs this app can add them."

-- With the words that were typed, where they could be a title.
local function example(priority, words)
  local title = words and blocks.line(words)
  if not title or form.title_problem(title) then title = "Checkout answers with errors" end
  return ("For example: `%s open %s %s`"):format(config.slack.command, blocks.escape(priority, 30),
    blocks.escape(title:gsub("`", "'"), 200))
end

local function priority_names(catalogue)
  local names = {}
  for _, priority in ipairs(catalogue.priorities) do
    if priority.enabled_create ~= false then
      names[#names + 1] = "`" .. blocks.escape(priority.name, 30) .. "`"
    end
  end
  return table.concat(names, ", ")
end

-- A category's name as it is typed: "Data Breach" is "data-breach".
local function slug_of(name)
  return (name:lower():gsub("[%s%p]+", "-"):gsub("^%-", ""):gsub("%-$", ""))
end

-- Those that are meant by <slug>: the one of this name, else all that begin so.
local function categories_of(catalogue, slug)
  local found = {}
  for _, category in ipairs(catalogue.categories) do
    local own = slug_of(category.name)
    if own == slug then return { category } end
    if own:sub(1, #slug) == slug then found[#found + 1] = category end
  end
  return found
end

local function tags_of(categories)
  local tags = {}
  for i = 1, math.min(#categories, NAMED) do
    tags[i] = "`#" .. blocks.escape(slug_of(categories[i].name), 60) .. "`"
  end
  if #categories > NAMED then tags[#tags + 1] = ("and %d more"):format(#categories - NAMED) end
  return table.concat(tags, ", ")
end

local function nearest_category(catalogue, slug)
  local by_slug = {}
  for _, category in ipairs(catalogue.categories) do by_slug[slug_of(category.name)] = category end
  return by_slug[suggest(slug, by_slug)]
end

-- The category that the words begin with ("#payment ..."), and the words behind it; nil and why. A number is not one:
-- "#12 is back" is a title.
local function take_category(catalogue, words)
  local tag, rest = words:match "^#(%S*%a%S*)%s*(.*)$"
  if not tag then
    local category = catalogue_of.default_category(catalogue, config.defaults.category)
    return category, category and words or NOTHING_DECLARED
  end
  local found = categories_of(catalogue, slug_of(tag))
  if #found == 1 then return found[1], rest end
  if #found > 1 then
    return nil, ("`#%s` may be %s."):format(blocks.escape(tag, 60), tags_of(found))
  end
  local near = nearest_category(catalogue, slug_of(tag))
  local refusal = near and "There is no category `#%s`. Did you mean %s?" or "There is no category `#%s`. There are %s."
  return nil, refusal:format(blocks.escape(tag, 60), tags_of(near and { near } or catalogue.categories))
end

local function default_environment(catalogue)
  return catalogue_of.environment_by_value(catalogue, config.defaults.environment)
    or catalogue_of.default_environment(catalogue)
end

-- "P2", "p2", "2" or "P2:".
local function find_priority(catalogue, word)
  local typed = word:upper()
  return catalogue.priority_by_word[typed] or catalogue.priority_by_word[typed:match "^(.-)[:,.]$"]
end

--- What somebody meant who wrote a priority where a subcommand stands; nil when it is none. May yield.
---@param words string
---@return string|nil hint  mrkdwn
function M.hint(words)
  local catalogue = catalogue_of.load()
  local word, behind = words:match "^%s*(%S+)%s*(.*)$"
  local priority = catalogue and word and find_priority(catalogue, word)
  return priority and "To declare an incident, begin with `open`. " .. example(priority.name, behind)
end

--- What is to be declared. May yield.
---@param words string  what stands behind "open"
---@return { priority: table, category: table, environment: table, title: string }|nil quick
---@return string|nil why  for the person, mrkdwn
function M.read(words)
  local catalogue, err = catalogue_of.load()
  if not catalogue then return nil, "The incident cannot be declared now: " .. tostring(err) end
  local word, behind = words:match "^(%S+)%s*(.*)$"
  local priority = find_priority(catalogue, word)
  if not priority then
    return nil, ("There is no priority `%s`. There are %s.\n%s"):format(blocks.escape(word, 30),
      priority_names(catalogue), example("P2", words))
  end
  local environment = default_environment(catalogue)
  if not environment then return nil, NOTHING_DECLARED end
  local category, rest = take_category(catalogue, behind)
  if not category then return nil, rest end
  local title = blocks.line(rest)
  if title == "" then return nil, "What is broken? Say it behind the priority.\n" .. example(priority.name) end
  if form.title_problem(title) then
    return nil, ("The title has %d characters; it takes %d to %d.\n%s"):format(text.length(title),
      form.TITLE.min, form.TITLE.max, example(priority.name))
  end
  return { priority = priority, category = category, environment = environment, title = title }
end

return M
