-- A tenant in another language, by its number: every key is composite, and the tenant's column goes through all of them.
create table mandant (mandant_nr int primary key, bezeichnung text);
create table kunde (mandant_nr int not null references mandant, kunde_nr int not null, name text, primary key (mandant_nr, kunde_nr));
create table auftrag (mandant_nr int not null, auftrag_nr int not null, kunde_nr int not null, primary key (mandant_nr, auftrag_nr), foreign key (mandant_nr, kunde_nr) references kunde);
create table position (mandant_nr int not null, auftrag_nr int not null, pos int not null, artikel_nr int not null, primary key (mandant_nr, auftrag_nr, pos), foreign key (mandant_nr, auftrag_nr) references auftrag);
create table artikel (mandant_nr int not null references mandant, artikel_nr int not null, primary key (mandant_nr, artikel_nr));
alter table position add foreign key (mandant_nr, artikel_nr) references artikel;
create table land (code char(2) primary key);
