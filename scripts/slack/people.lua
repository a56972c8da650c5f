-- people: the vendor's user objects and ours.
local people = require "engine.people"
local blocks = require "slack.blocks"
local client = require "slack.client"
local foreign = require "slack.foreign"

local M = {}

local PLATFORM = "slack"
local MAX_SENDERS = 10000

local text_of = foreign.text

local function name_of(user, profile)
  return text_of(profile.real_name) or text_of(user.real_name) or text_of(profile.display_name)
    or text_of(user.name)
end

--- A user object of Slack as a row of people.sync; nil when it is none.
---@param user any
---@return table|nil
function M.from_user(user)
  if type(user) ~= "table" or not text_of(user.id) then return nil end
  local profile = foreign.table(user.profile)
  return {
    external_id = user.id, handle = text_of(user.name) or user.id,
    name = name_of(user, profile),
    first_name = text_of(profile.first_name), last_name = text_of(profile.last_name),
    email = text_of(profile.email),
    image = text_of(profile.image_512) or text_of(profile.image_192) or text_of(profile.image_72),
    is_active = user.deleted ~= true, is_bot = user.is_bot == true or user.id == "USLACKBOT",
  }
end

--- The person with this Slack id, if we know one. May yield.
---@return table|nil person
---@return table|nil err  code "not_found" when unknown
function M.find(slack_id)
  if slack_id == "" then return nil, client.error { code = "not_found", message = "no user id" } end
  return people.get { platform = PLATFORM, external_id = slack_id }
end

--- Keeps a row that from_user made. May yield.
---@return table|nil person
---@return table|nil err
function M.save(row)
  row.platform = PLATFORM
  return people.upsert(row)
end

-- Slack itself vouches for the id of a signed request; what it cannot say now, the next sync will.
local function from_request(slack_id, handle)
  return people.upsert {
    platform = PLATFORM, external_id = slack_id, handle = handle ~= "" and handle or slack_id,
    is_active = true, is_bot = false,
  }
end

--- The person with this Slack id; asks Slack when unknown. For the sender of a signed request Slack
--- being down is no reason to be turned away; Slack saying that there is no such user is. May
--- yield.
---@param slack_id string
---@param handle? string  of the sender of a signed request
---@return table|nil person
---@return table|nil err
function M.resolve(slack_id, handle)
  local person, err = M.find(slack_id)
  if person or err.code ~= "not_found" or slack_id == "" then return person, err end
  local answer, refusal = client.call("users.info", { user = slack_id }, {
    timeout = "2s", wait = "1s",
  })
  if answer then
    local row = M.from_user(answer.user)
    if row then return M.save(row) end
  elseif not refusal.retryable then
    return nil, refusal
  end
  if handle then return from_request(slack_id, handle) end
  return nil, refusal or client.error {
    code = "unavailable", retryable = true, message = "users.info: an answer without a user",
  }
end

--- The person with this Slack id, without asking Slack: somebody new gets a name at the next sync.
--- May yield.
---@return table|nil person
---@return table|nil err
function M.ensure(slack_id)
  local person, err = M.find(slack_id)
  if person or err.code ~= "not_found" or slack_id == "" then return person, err end
  return from_request(slack_id, slack_id)
end

local ids_of_senders, sender_count = {}, 0

--- The id of the person who sent a signed request; as resolve, and quick for somebody who was here
--- before. May yield.
---@return string|nil id
---@return table|nil err
function M.sender_id(slack_id, handle)
  local id = ids_of_senders[slack_id]
  if id then return id end
  local person, err = M.resolve(slack_id, handle)
  if not person then return nil, err end
  if sender_count >= MAX_SENDERS then ids_of_senders, sender_count = {}, 0 end
  ids_of_senders[slack_id], sender_count = person.id, sender_count + 1
  return person.id
end

--- Finds the Slack account of somebody whom we know by e-mail only, and keeps it. May yield.
---@return table|nil person  with the account; nil without an error when the workspace has none
---@return table|nil err
function M.link(person)
  if not foreign.text(person.email) then return nil end
  local answer, err = client.call("users.lookupByEmail", { email = person.email })
  if not answer then return nil, err.retryable and err or nil end
  local row = M.from_user(answer.user)
  return row and M.save(row)
end

--- The person's Slack id, nil without an account.
function M.slack_id(person)
  local account = person and person.accounts and person.accounts[PLATFORM]
  return account and account.external_id
end

--- A mention in mrkdwn, or the name of somebody without an account; nil is what no person did.
function M.mention(person)
  local id = M.slack_id(person)
  if id then return "<@" .. id .. ">" end
  return person and blocks.escape(person.name or person.username or "", 200) or "the system"
end

return M
