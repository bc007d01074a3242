-- Clients that are kept in another database: their number leads every key, and no name says so. That is a doubt.
create table company_codes (mandt char(3) not null, bukrs char(4) not null, title text, primary key (mandt, bukrs));
create table documents (mandt char(3) not null, bukrs char(4) not null, number char(10) not null, year int not null, primary key (mandt, bukrs, number, year),
  foreign key (mandt, bukrs) references company_codes);
create table document_lines (mandt char(3) not null, bukrs char(4) not null, number char(10) not null, year int not null, line int not null,
  primary key (mandt, bukrs, number, year, line), foreign key (mandt, bukrs, number, year) references documents);
create table debtors (mandt char(3) not null, number char(10) not null, name text, primary key (mandt, number));
create table rates (currency char(3) not null, day date not null, rate numeric not null, primary key (currency, day));
