-- sandbox_blocks: the imitated vendor refuses each shape and length that the vendor refuses, and names the place.
local blocks = require "sandbox.lib.blocks"

local function plain(text) return { type = "plain_text", text = text } end
local function markup(text) return { type = "mrkdwn", text = text } end
local function option(value) return { text = plain(value), value = value } end

local function options(count)
  local list = {}
  for i = 1, count do list[i] = option("o" .. i) end
  return list
end

local function input(element, more)
  local block = { type = "input", block_id = "i", label = plain "Label", element = element }
  for key, value in pairs(more or {}) do block[key] = value end
  return block
end

local function button(more)
  local element = { type = "button", action_id = "b", text = plain "Press" }
  for key, value in pairs(more or {}) do element[key] = value end
  return element
end

local function modal(list, more)
  local view = { type = "modal", title = plain "Title", submit = plain "Send", blocks = list }
  for key, value in pairs(more or {}) do view[key] = value end
  return view
end

local function repeated(count, block)
  local list = {}
  for i = 1, count do list[i] = block end
  return list
end

local long = function(count) return ("x"):rep(count) end

local GOOD = {
  modal({ { type = "divider" }, { type = "section", text = markup(long(3000)), accessory = button() } }),
  modal({ input { type = "plain_text_input", action_id = "t", min_length = 2, max_length = 9, initial_value = "a" } }),
  modal({ input { type = "static_select", action_id = "s", options = options(100), initial_option = option "o7" } }),
  modal({ input { type = "multi_users_select", action_id = "u", initial_users = { "U1", "W2" } } }),
  modal({ input { type = "datetimepicker", action_id = "d", initial_date_time = 1700000000 } }),
  modal({ { type = "actions", elements = { { type = "overflow", options = options(5) }, button() } } }),
  modal(repeated(100, { type = "divider" }), { title = plain(long(24)), private_metadata = long(3000) }),
  { type = "home", blocks = { { type = "header", text = plain(long(150)) } } },
}

local function select(more)
  local element = { type = "static_select", action_id = "s", options = options(2) }
  for key, value in pairs(more) do element[key] = value end
  return element
end

-- A view, and what is said of it.
local BAD = {
  { modal { { type = "section", text = markup(long(3001)) } }, "blocks[1].text.text: must be less than 3001" },
  { modal { { type = "section", text = markup "" } }, "blocks[1].text.text: must be more than 0" },
  { modal { { type = "section", text = markup "a\0b" } }, "holds a NUL" },
  { modal { { type = "section", text = markup "a\xffb" } }, "is no UTF-8" },
  { modal { { type = "section", text = { type = "mrkdwn", text = "a", emoji = true } } },
    "invalid additional property: emoji" },
  { modal { { type = "section", text = markup "a", fields = {} } }, "blocks[1].fields: 1 to 10" },
  { modal { { type = "section", fields = repeated(11, markup "a") } }, "blocks[1].fields: 1 to 10" },
  { modal { { type = "section", fields = { markup(long(2001)) } } }, "fields[1].text: must be less than 2001" },
  { modal { { type = "section", text = markup "a", colour = "red" } }, "invalid additional property: colour" },
  { modal { { type = "section", text = markup "a", block_id = "" } }, "block_id: must be more than 0" },
  { modal { { type = "section", text = markup "a", block_id = long(256) } }, "block_id: must be less than 256" },
  { modal { { type = "divider", block_id = "a" }, { type = "divider", block_id = "a" } }, "block_id: used twice" },
  { modal { { type = "section", text = markup "a", accessory = select { type = "datetimepicker", options = false } } },
    "datetimepicker cannot stand in a block section" },
  { modal { { type = "header", text = plain(long(151)) } }, "must be less than 151" },
  { modal { { type = "header", text = markup "a" } }, "text.type: mrkdwn" },
  { modal { { type = "context", elements = repeated(11, markup "a") } }, "elements: 1 to 10" },
  { modal { { type = "actions", elements = {} } }, "elements: 1 to 25" },
  { modal { { type = "actions", elements = { button(), button() } } }, "action_id: used twice" },
  { modal { { type = "actions", elements = { button { text = plain(long(76)) } } } }, "must be less than 76" },
  { modal { { type = "actions", elements = { button { value = long(2001) } } } }, "value: must be less than 2001" },
  { modal { { type = "actions", elements = { button { value = "" } } } }, "value: must be more than 0" },
  { modal { { type = "actions", elements = { button { style = "loud" } } } }, "style: loud" },
  { modal { { type = "actions", elements = { button { action_id = long(256) } } } },
    "action_id: must be less than 256" },
  { modal { { type = "actions", elements = { { type = "multi_static_select", options = options(2) } } } },
    "cannot stand in a block actions" },
  { modal { { type = "actions", elements = { { type = "overflow", action_id = "o", options = options(6) } } } },
    "1 to 5" },
  { modal { input(button()) }, "button cannot stand in a block input" },
  { modal { input(select { options = options(101) }) }, "options: 1 to 100" },
  { modal { input(select { options = {} }) }, "options: 1 to 100" },
  { modal { input(select { options = { option "a", option "a" } }) }, "value: used twice: a" },
  { modal { input(select { options = { option(long(76)) } }) }, "must be less than 76" },
  { modal { input(select { initial_option = option "z" }) }, "the initial option is not offered" },
  { modal { input(select { option_groups = {} }) }, "either options or option_groups" },
  { modal { input(select { placeholder = plain(long(151)) }) }, "must be less than 151" },
  { modal { input { type = "multi_users_select", action_id = "u", initial_users = {} } }, "must not be empty" },
  { modal { input { type = "multi_users_select", action_id = "u", initial_users = { "ann" } } }, "is no user" },
  { modal { input { type = "multi_users_select", initial_users = { "U1", "U2" }, max_selected_items = 1 } },
    "more are chosen at first" },
  { modal { input { type = "plain_text_input", action_id = "t", max_length = 3001 } }, "max_length" },
  { modal { input { type = "plain_text_input", action_id = "t", max_length = 5, initial_value = "abcdef" } },
    "initial_value: must be less than 6" },
  { modal { input { type = "plain_text_input", action_id = "t", min_length = 6, max_length = 5 } },
    "more than max_length" },
  { modal { input { type = "datetimepicker", action_id = "d", initial_date_time = 1700000000000 } },
    "initial_date_time" },
  { modal { input({ type = "plain_text_input", action_id = "t" }, { label = plain(long(2001)) }) },
    "must be less than 2001" },
  { modal { input({ type = "plain_text_input", action_id = "t" }, { hint = plain "" }) },
    "hint.text: must be more than 0" },
  { modal { { type = "marquee" } }, "unknown block marquee" },
  { modal(repeated(101, { type = "divider" })), "blocks: 0 to 100" },
  { modal({ input { type = "plain_text_input", action_id = "t" } }, { submit = false }), "must be a text object" },
  { modal({}, { title = plain(long(25)) }), "view.title.text: must be less than 25" },
  { modal({}, { submit = plain(long(25)) }), "view.submit.text: must be less than 25" },
  { modal({}, { private_metadata = long(3001) }), "view.private_metadata: must be less than 3001" },
  { modal({}, { callback_id = long(256) }), "view.callback_id: must be less than 256" },
  { modal({}, { submit_disabled = true }), "invalid additional property: submit_disabled" },
  { { type = "home", blocks = { input(button()) } }, "button cannot stand" },
  { { type = "poster", blocks = {} }, "view.type: poster" },
}

return {
  ["what the vendor takes"] = function(t)
    for i, view in ipairs(GOOD) do t.equal(blocks.check_view(view), nil, "good view " .. i) end
    t.equal(blocks.check_blocks(repeated(50, { type = "divider" }), "message"), nil)
  end,

  ["what the vendor refuses"] = function(t)
    for i, case in ipairs(BAD) do
      local problem = blocks.check_view(case[1]) or "nothing"
      t.truthy(problem:find(case[2], 1, true), ("bad view %d: %q instead of %q"):format(i, problem, case[2]))
    end
    t.equal(blocks.check_blocks(repeated(51, { type = "divider" }), "message"), "blocks: 0 to 50 items")
  end,

  ["an input without a button to send it"] = function(t)
    local view = modal { input { type = "plain_text_input", action_id = "t" } }
    view.submit = nil
    t.truthy(blocks.check_view(view):find("needs the view to have submit", 1, true))
  end,

  ["answers to submissions"] = function(t)
    local view = modal { input { type = "plain_text_input", action_id = "t" }, { type = "divider", block_id = "d" } }
    t.equal(blocks.check_submission(nil, view), nil)
    t.equal(blocks.check_submission({ response_action = "clear" }, view), nil)
    t.equal(blocks.check_submission({ response_action = "errors", errors = { i = "No." } }, view), nil)
    for _, errors in ipairs { {}, { d = "No." }, { other = "No." }, { i = "" } } do
      t.truthy(blocks.check_submission({ response_action = "errors", errors = errors }, view), "at inputs only")
    end
    t.truthy(blocks.check_submission({ response_action = "push", view = { type = "home", blocks = {} } }, view))
    t.truthy(blocks.check_submission({ response_action = "shout" }, view))
  end,

  ["suggestions and notes"] = function(t)
    t.equal(blocks.check_suggestions { options = {} }, nil)
    t.equal(blocks.check_suggestions { options = options(100) }, nil)
    t.truthy(blocks.check_suggestions { options = options(101) })
    t.equal(blocks.check_note { response_type = "ephemeral", text = "Hello" }, nil)
    t.truthy(blocks.check_note { text = "" })
    t.truthy(blocks.check_note { text = "a", blocks = repeated(51, { type = "divider" }) })
    t.truthy(blocks.check_note { text = "a", colour = "red" })
  end,
}
