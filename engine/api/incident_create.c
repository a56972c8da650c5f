/* incident_create - POST incidents: declares an incident, and answers with it: 201 when it is new,
 * 200 when the de-duplication key found an open one. */
#include "api/incident_create.h"

#include "api/incident_rest.h"

enum { TITLE_MAX = 128, DEDUP_KEY_MAX = 160 };

static const struct api_field FIELDS[] = {
    { .name = "title", .type = "text", .max = TITLE_MAX, .about = "What is wrong, in one line" },
    { .name = "description", .type = "text", .about = "What is known so far" },
    { .name = "environment_id",
      .type = "uuid",
      .argument = "environment",
      .exists = "SELECT 1 FROM environment WHERE id = ? AND is_active = 1",
      .about = "Where; see environments/" },
    { .name = "incident_category_id",
      .type = "uuid",
      .argument = "category",
      .exists = "SELECT 1 FROM category WHERE id = ? AND is_active = 1",
      .about = "What is broken; see incident-categories/. A private category makes it private" },
    { .name = "priority_id",
      .type = "uuid",
      .argument = "priority",
      .exists = "SELECT 1 FROM priority WHERE id = ? AND is_active = 1",
      .about = "How bad; see priorities/" },
    { .name = "created_by_email",
      .type = "email",
      .about = "Who declares it; an unknown address becomes a new person" },
    { .name = "dedup_key?",
      .type = "text?",
      .max = DEDUP_KEY_MAX,
      .about = "While an incident with this key is open it is answered, and none is made" },
    { .name = "ignore?", .type = "flag", .about = "Left out of metrics" },
    { .name = "drill?", .type = "flag", .about = "An exercise: marked as one, left out of metrics" },
    { 0 },
};

static const struct api_shape BODY = { .name = "IncidentDeclaration",
                                       .about = "A new incident",
                                       .fields = FIELDS };
static const struct incident_rest_shape SHAPE = { .has_tags = true };

/* Whoever declared it sees the answer, also of a private one. */
static int write_answer(struct tx *tx, struct api_read *read, struct err *err)
{
    read->id = json_integer_value(json_object_get(read->result, "id"));
    read->status = json_is_true(json_object_get(read->result, "created")) ? 201 : 200;
    return incident_read_created(tx, read, err);
}

const struct api_write INCIDENT_CREATE = {
    .op = "incident.declare",
    .body = &BODY,
    .answer = write_answer,
    .arg = &SHAPE,
    .conflict_is_invalid = true,
};
