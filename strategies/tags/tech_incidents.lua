return {
  about = "Shared channel: critical incidents in production are announced here, private ones never",
  tag = "tech_incidents", applies_to = "conversation", unique = true,
}
