-- owner_id on everything: tenancy of a kind, if one will.
create table users (id uuid primary key, email text not null);
create table notebooks (id uuid primary key, owner_id uuid not null references users, title text);
create table notes (id uuid primary key, owner_id uuid not null references users, notebook_id uuid references notebooks);
create table tags (id uuid primary key, owner_id uuid not null references users, name text);
create table note_tags (note_id uuid not null references notes on delete cascade, tag_id uuid not null references tags on delete cascade, primary key (note_id, tag_id));
