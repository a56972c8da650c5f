return {
  about = "User groups whose members are invited to every public P1",
  tag = "invited_for_all_public_p1", applies_to = "usergroup",
}
