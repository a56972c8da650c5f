-- websocket: connections to a server of our own, through real sockets.
local http = require "engine.http"
local task = require "engine.task"
local websocket = require "engine.websocket"

-- A server that gives back what it gets, until it gets "bye".
local function echo(socket)
  while true do
    local text = websocket.receive(socket)
    if not text then return end
    if text == "bye" then return websocket.close(socket, 4001, "as you wish") end
    websocket.send(socket, text)
  end
end

local function address(stub) return (stub.url:gsub("^http", "ws")) .. "/socket" end

local function connect(t, stub)
  return t.truthy(websocket.connect { url = address(stub) })
end

return {
  ["messages there and back, in order"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    for i = 1, 300 do t.truthy(websocket.send(socket, "é" .. i)) end
    for i = 1, 300 do t.equal(websocket.receive(socket, "5s"), "é" .. i) end
    websocket.close(socket)
    t.refused("closed", websocket.receive(socket, "5s"))
  end,

  ["the other side says good-bye"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    websocket.send(socket, "bye")
    local err = t.refused("closed", websocket.receive(socket))
    t.matches(err.message, "4001")
    t.refused("closed", websocket.send(socket, "x"))
  end,

  ["the other side vanishes"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = function(socket)
      websocket.receive(socket)
      websocket.abort(socket)
    end } }
    local socket = connect(t, stub)
    websocket.send(socket, "x")
    local err = t.refused("network", websocket.receive(socket))
    t.equal(err.retryable, true)
  end,

  ["nothing comes in time, and then something does"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    t.refused("timeout", websocket.receive(socket, "20ms"))
    t.refused("timeout", websocket.receive(socket, "0ms"))
    websocket.send(socket, "late")
    t.equal(websocket.receive(socket, "5s"), "late")
    websocket.close(socket)
    t.refused("closed", websocket.receive(socket))
  end,

  ["who does not upgrade is no server for us"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { status = 403 } }
    local err = t.refused("unavailable", websocket.connect { url = address(stub) })
    t.matches(err.message, "403")
    t.refused("network", websocket.connect { url = "ws://127.0.0.1:1/" })
    t.refused("invalid", websocket.connect { url = "http://127.0.0.1:1/" })
  end,

  ["an ordinary request to a socket's address"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local answer = t.truthy(http.request { url = stub.url .. "/socket" })
    t.equal(answer.status, 426)
    t.equal(answer.headers.upgrade, "websocket")
  end,

  ["one receiver at a time"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    local first = task.spawn(function() return websocket.receive(socket) end)
    task.sleep "5ms"
    t.fails(function() websocket.receive(socket) end, "another task")
    websocket.send(socket, "bye")
    t.truthy(task.join(first))
  end,

  ["a receiver that is ended takes no message with it"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    task.race { function() websocket.receive(socket) end, function() task.sleep "5ms" end }
    websocket.send(socket, "for the next one")
    t.equal(websocket.receive(socket, "5s"), "for the next one")
    websocket.close(socket)
    t.refused("closed", websocket.receive(socket))
  end,

  ["a name finds it again"] = function(t)
    local stub = t.http_stub { ["GET /socket"] = { websocket = echo } }
    local socket = connect(t, stub)
    websocket.keep(socket, "test/link")
    websocket.send(websocket.kept "test/link", "hello")
    t.equal(websocket.receive(socket, "5s"), "hello")
    local newer = connect(t, stub)
    websocket.keep(newer, "test/link")
    websocket.keep(newer, nil)
    t.equal(websocket.kept "test/link", nil)
    for _, each in ipairs { socket, newer } do
      websocket.close(each)
      t.refused("closed", websocket.receive(each))
    end
  end,

  ["misuse is named"] = function(t)
    t.fails(function() websocket.connect {} end, "options.url")
    t.fails(function() websocket.connect { url = "ws://a/", headers = { A = 1 } } end, "options.headers")
    t.fails(function() websocket.connect { adress = "" } end, "adress")
    t.fails(function() websocket.send({}, "x") end, "engine.Socket")
  end,
}
