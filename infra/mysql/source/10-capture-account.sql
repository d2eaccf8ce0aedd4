-- What capture may do on the source, and no more: read the binlog of the server, read the captured database.
-- The account itself is made by the image from MYSQL_USER and MYSQL_PASSWORD.
GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'sluice'@'%';
GRANT SELECT ON `shop`.* TO 'sluice'@'%';
