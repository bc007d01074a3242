-- Organization, team, project: the middle one is known only by the way down.
create table organizations (id int primary key);
create table teams (id int primary key, organization_id int not null references organizations);
create table projects (id int primary key, team_id int not null references teams);
create table tasks (id int primary key, project_id int not null references projects, title text);
create table comments (id int primary key, task_id int not null references tasks);
