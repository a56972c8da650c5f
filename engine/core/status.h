/* status - the numbers of an incident's status and their words. */
#pragma once

enum incident_status {
    STATUS_OPEN = 10,
    STATUS_INVESTIGATING = 20,
    STATUS_MITIGATING = 30,
    STATUS_MITIGATED = 40, /* the last one in which a de-duplication key is taken */
    STATUS_POSTMORTEM = 50,
    STATUS_CLOSED = 60,
};

/* "Open" to "Closed"; "Unknown" for another number. */
const char *status_label(int status);
