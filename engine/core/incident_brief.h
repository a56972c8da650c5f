/* incident_brief - the two short forms of lists of incidents: what a list shows, from one query and one for each thing
 * that rows name: what config.lua declares, and whoever declared the incident.
 * Brief: [{id,title,description,status,status_label,is_drill,created_at_ms,url,
 * priority:{name,value,emoji,description},environment:{value,name,description},category:{name,group:{name}},
 * conversation:{platform,external_id,name} or null,created_by:{username,name}}]
 * Board: what rows have in common is told once, {incidents:[{id,title,description,status,status_label,created_at_ms,
 * priority,environment,category,created_by: places in the lists, from 1; conversation_name?}],
 * priorities:[],environments:[],categories:[],people:[]: the objects of the brief form}
 * Both: of a description its first 600 characters. */
#pragma once

#include "base/err.h"
#include "base/json_writer.h"

struct stmt;
struct tx;

/* "SELECT ... FROM incident i ... WHERE", to be followed by conditions and the order. */
extern const char INCIDENT_BRIEF_SELECT[];

/* Write the rows of that query; OK or an error. <stmt> is ended. NULL: the query failed, <err> says why. */
int incident_brief_write(struct tx *tx, struct stmt *stmt, struct json_writer *w, struct err *err);
int incident_brief_write_board(struct tx *tx, struct stmt *stmt, struct json_writer *w,
                               struct err *err);
