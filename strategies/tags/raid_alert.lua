return {
  about = "Tags that begin so: conversations where ordinary incidents (P4, P5) are told, public ones only:"
    .. " raid_alert__incidents_normal, raid_alert__incidents_high (a high business impact), with any ending,"
    .. " and raid_alert__example.com for those declared by people of that domain",
  tag = "raid_alert__", applies_to = "conversation",
}
