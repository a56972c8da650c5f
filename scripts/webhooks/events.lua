-- events: what webhooks can hear of.
local M = {}

M.KINDS = {
  "incident.created", "incident.updated", "incident.closed", "incident.reopened", "incident.merged",
  "update.edited", "update.deleted", "key_events.updated", "roles.assigned", "records.changed",
  "postmortem.created", "conversation.ready",
}

--- Whether a webhook of the config wants events of this kind.
function M.is_wanted(hook, kind)
  if #hook.events == 0 then return true end
  for _, wanted in ipairs(hook.events) do
    if wanted == kind then return true end
  end
  return false
end

return M
