/** A table of the sample database: its columns in the order in which the generators give values. */
export interface ShopTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly ddl: string;
}

export const SHOP_DATABASE = 'shop';

/**
 * Between them the tables hold every kind of column a shop needs and most that a pipeline gets wrong: a key of
 * two columns, a text key with awkward characters, second unique keys, exact decimals, numbers beyond 2^53, text
 * in several character sets, fractions of seconds, negative times, zero dates, bits, bytes, JSON, a point.
 */
export const CUSTOMERS: ShopTable = {
  name: 'customers',
  columns:
    'id email name country city tier newsletter credit points born created_at changed_at revision'.split(' '),
  ddl: `CREATE TABLE customers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    email VARCHAR(190) NOT NULL,
    name VARCHAR(120) NOT NULL,
    country CHAR(2) CHARACTER SET ascii NOT NULL,
    city VARCHAR(80) CHARACTER SET latin1 NULL,
    tier ENUM('none','silver','gold') NOT NULL,
    newsletter TINYINT(1) NOT NULL,
    credit DECIMAL(12,2) NOT NULL,
    points BIGINT NOT NULL,
    born DATE NULL,
    created_at DATETIME(3) NOT NULL,
    changed_at TIMESTAMP(6) NULL,
    revision INT UNSIGNED NOT NULL,
    PRIMARY KEY (id), UNIQUE KEY email (email))`,
};

export const PRODUCTS: ShopTable = {
  name: 'products',
  columns: 'id sku title price weight_kg rating tags attributes thumbnail ean stock released revision'.split(
    ' ',
  ),
  ddl: `CREATE TABLE products (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT,
    sku VARCHAR(24) CHARACTER SET ascii NOT NULL,
    title VARCHAR(200) NOT NULL,
    price DECIMAL(10,2) NOT NULL,
    weight_kg FLOAT NULL,
    rating DOUBLE NULL,
    tags SET('new','sale','eco','gift','bulk') NOT NULL,
    attributes JSON NULL,
    thumbnail VARBINARY(64) NULL,
    ean BINARY(8) NOT NULL,
    stock INT NOT NULL,
    released YEAR NOT NULL,
    revision INT UNSIGNED NOT NULL,
    PRIMARY KEY (id), UNIQUE KEY sku (sku))`,
};

export const ORDERS: ShopTable = {
  name: 'orders',
  columns: 'id customer_id status placed_at paid_at total currency options remark revision'.split(' '),
  ddl: `CREATE TABLE orders (
    id BIGINT UNSIGNED NOT NULL,
    customer_id INT UNSIGNED NOT NULL,
    status ENUM('new','paid','packed','shipped','delivered','cancelled') NOT NULL,
    placed_at DATETIME(6) NOT NULL,
    paid_at TIMESTAMP(3) NULL,
    total DECIMAL(14,2) NOT NULL,
    currency CHAR(3) CHARACTER SET ascii NOT NULL,
    options BIT(10) NOT NULL,
    remark TEXT NULL,
    revision INT UNSIGNED NOT NULL,
    PRIMARY KEY (id), KEY customer (customer_id))`,
};

export const ORDER_LINES: ShopTable = {
  name: 'order_lines',
  columns: 'order_id line product_id quantity unit_price discount picked_in revision'.split(' '),
  ddl: `CREATE TABLE order_lines (
    order_id BIGINT UNSIGNED NOT NULL,
    line SMALLINT UNSIGNED NOT NULL,
    product_id INT UNSIGNED NOT NULL,
    quantity MEDIUMINT NOT NULL,
    unit_price DECIMAL(10,2) NOT NULL,
    discount DECIMAL(5,4) NULL,
    picked_in TIME(3) NULL,
    revision INT UNSIGNED NOT NULL,
    PRIMARY KEY (order_id, line))`,
};

export const NOTES: ShopTable = {
  name: 'notes',
  columns: (
    'code language body document amount on_day at_time written_at stamp attachment checksum mask big ratio ' +
    'small_ratio place revision'
  ).split(' '),
  ddl: `CREATE TABLE notes (
    code VARCHAR(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
    language CHAR(2) CHARACTER SET ascii NOT NULL,
    body MEDIUMTEXT NOT NULL,
    document JSON NULL,
    amount DECIMAL(30,10) NULL,
    on_day DATE NULL,
    at_time TIME(6) NULL,
    written_at DATETIME(6) NULL,
    stamp TIMESTAMP(6) NULL,
    attachment BLOB NULL,
    checksum BINARY(16) NULL,
    mask BIT(64) NULL,
    big BIGINT UNSIGNED NULL,
    ratio DOUBLE NULL,
    small_ratio FLOAT NULL,
    place POINT NULL,
    revision INT UNSIGNED NOT NULL,
    PRIMARY KEY (code))`,
};

/** Small, and emptied by TRUNCATE now and then. */
export const EXCHANGE_RATES: ShopTable = {
  name: 'exchange_rates',
  columns: 'currency rate noted_at'.split(' '),
  ddl: `CREATE TABLE exchange_rates (
    currency CHAR(3) CHARACTER SET ascii NOT NULL,
    rate DECIMAL(18,8) NOT NULL,
    noted_at DATETIME NOT NULL,
    PRIMARY KEY (currency))`,
};

/** One row per run of a check: when it is seen in a sink, capture has published everything before it. */
export const MARKERS: ShopTable = {
  name: 'markers',
  columns: 'id note'.split(' '),
  ddl: `CREATE TABLE markers (
    id INT UNSIGNED NOT NULL AUTO_INCREMENT, note VARCHAR(80) NOT NULL, PRIMARY KEY (id))`,
};

export const SHOP_TABLES: readonly ShopTable[] = [
  CUSTOMERS,
  PRODUCTS,
  ORDERS,
  ORDER_LINES,
  NOTES,
  EXCHANGE_RATES,
  MARKERS,
];
