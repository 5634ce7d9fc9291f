-- Athena's tables over logshipper's archive: replace BUCKET/PREFIX by that of ARCHIVE_URL, and run each statement once.
-- Partitions are computed from the query (partition projection): nothing has to be added when a day begins.

CREATE EXTERNAL TABLE petclinic_access (
  `timestamp` string, level string, message string, method string, path string, status int, bytes bigint, micros bigint,
  peer string, client string, user_agent string,
  request_id string, trace_id string, span_id string
)
PARTITIONED BY (`date` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://BUCKET/PREFIX/stream=access/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.date.type' = 'date', 'projection.date.format' = 'yyyy-MM-dd', 'projection.date.range' = '2026-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/stream=access/date=${date}/'
);

CREATE EXTERNAL TABLE petclinic_app_db (
  `timestamp` string, level string, message string, target string, sql string, micros bigint,
  request_id string, trace_id string, span_id string
)
PARTITIONED BY (`date` string)
ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
LOCATION 's3://BUCKET/PREFIX/stream=app_db/'
TBLPROPERTIES (
  'projection.enabled' = 'true',
  'projection.date.type' = 'date', 'projection.date.format' = 'yyyy-MM-dd', 'projection.date.range' = '2026-01-01,NOW',
  'storage.location.template' = 's3://BUCKET/PREFIX/stream=app_db/date=${date}/'
);
