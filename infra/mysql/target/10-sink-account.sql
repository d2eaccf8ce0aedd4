-- What the sink may do on the target: keep the copied database, its tables and its bookkeeping.
CREATE DATABASE IF NOT EXISTS `shop` CHARACTER SET utf8mb4;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, DROP, INDEX ON `shop`.* TO 'sluice'@'%';
