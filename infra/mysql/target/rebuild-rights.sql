-- What `sluice sink rebuild --sink mysql` does on the target beyond 10-sink-account.sql: fill tables beside those in use, put them in their
-- places, and drop what was replaced (docs/rebuild.md). No server runs this file by itself: give these rights before, and take them away again
-- when nothing is kept any more. The last database has the name of the sink at its end.
GRANT DROP ON `shop`.* TO 'sluice'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP ON `shop_rebuild`.* TO 'sluice'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP ON `shop_replaced`.* TO 'sluice'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP ON `sluice_rebuild_mysql`.* TO 'sluice'@'%';
