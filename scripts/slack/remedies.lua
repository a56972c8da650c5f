-- remedies: what mends a refusal of Slack's, by Slack's word for it: it is people who read it, in a channel, on a page
-- or in `halligan job list`. Refusals that nobody can mend, and those that say it themselves, are not here.
local TOKEN = "the bot token is not valid any more; SLACK_BOT_TOKEN takes the one of the app's page"
local SCOPES = "the app lacks a permission; paste what `halligan manifest` prints into its page, and install it again"
local MEMBERSHIP = "no such channel, or the app is not in it; somebody who is in it can /invite the app"

return {
  account_inactive = TOKEN, invalid_auth = TOKEN, not_authed = TOKEN, token_expired = TOKEN, token_revoked = TOKEN,
  missing_scope = SCOPES, no_permission = SCOPES, not_allowed_token_type = SCOPES,
  channel_not_found = MEMBERSHIP, not_in_channel = MEMBERSHIP,
  is_archived = "the channel is archived",
  cant_invite = "Slack does not let the app invite them",
  ura_max_channels = "a guest who may be in no further channel",
  user_is_restricted = "a guest who may not come into this channel",
  user_is_ultra_restricted = "a guest who may be in one channel only",
  user_not_found = "no such account",
  restricted_action = "the workspace's settings do not let the app do this; its administrators can",
}
