-- incident_status: the numbers of an incident's status, as the kernel gives them (engine/core/status.h).
return { OPEN = 10, INVESTIGATING = 20, MITIGATING = 30, MITIGATED = 40, POSTMORTEM = 50, CLOSED = 60 }
