/* status - the numbers of an incident's status and their words. */
#pragma once

enum { STATUS_COUNT = 6, STATUS_LABEL_SIZE = 161 }; /* 40 characters and the NUL */

enum incident_status {
    STATUS_OPEN = 10,
    STATUS_INVESTIGATING = 20,
    STATUS_MITIGATING = 30,
    STATUS_MITIGATED = 40, /* the last one in which a de-duplication key is taken */
    STATUS_POSTMORTEM = 50,
    STATUS_CLOSED = 60,
};

/* "Open" to "Closed", for programs; "Unknown" for another number. */
const char *status_name(int status);

/* What people read: the operator's word, else the name. Valid for ever; any thread. */
const char *status_label(int status);

/* 10 to 60 for "Open", "open", "post-mortem", "postmortem"; 0 for another word. */
int status_from_name(const char *word);
/* The same, and for a label. */
int status_from_word(const char *word);

/* 0 to 5, or -1 for a number that is no status; and back. */
int status_index(int status);
int status_at(int index);

/* From now on people read these, by index; NULL or "": the name. Set at start and at each reload; any thread. */
void status_set_labels(const char *const labels[STATUS_COUNT]);
