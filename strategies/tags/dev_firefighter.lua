return {
  about = "Support channel of this app, named at the foot of its forms",
  tag = "dev_firefighter", applies_to = "conversation", unique = true,
}
