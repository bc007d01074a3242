-- Users are people: what they wrote is theirs, and is no tenancy while no policy says so.
create table users (id serial primary key, email text not null unique);
create table notes (id serial primary key, user_id int not null references users, body text);
create table folders (id serial primary key, user_id int not null references users, name text);
create table shares (id serial primary key, note_id int not null references notes, user_id int not null references users);
create table tags (id serial primary key, user_id int not null references users, name text);
