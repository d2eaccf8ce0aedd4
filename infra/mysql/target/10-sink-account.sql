-- What the sink may do on the target: keep the copied database and its own bookkeeping (`stateDatabase`).
-- The account itself is made by the image from MYSQL_USER and MYSQL_PASSWORD.
CREATE DATABASE IF NOT EXISTS `shop` CHARACTER SET utf8mb4;
CREATE DATABASE IF NOT EXISTS `sluice` CHARACTER SET utf8mb4;
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `shop`.* TO 'sluice'@'%';
GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER ON `sluice`.* TO 'sluice'@'%';
