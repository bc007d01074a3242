-- Every row leads to a user, who is an author and no tenant.
create table users (id int primary key, name text);
create table posts (id int primary key, user_id int not null references users, body text);
create table comments (id int primary key, user_id int not null references users, post_id int not null references posts);
