#include "core/status.h"

const char *status_label(int status)
{
    switch (status) {
    case STATUS_OPEN:
        return "Open";
    case STATUS_INVESTIGATING:
        return "Investigating";
    case STATUS_MITIGATING:
        return "Mitigating";
    case STATUS_MITIGATED:
        return "Mitigated";
    case STATUS_POSTMORTEM:
        return "Post-mortem";
    case STATUS_CLOSED:
        return "Closed";
    default:
        return "Unknown";
    }
}
