return {
  about = "Shared channel of those who deploy: a P1 in production asks them to wait",
  tag = "it_deploy", applies_to = "conversation", unique = true,
}
