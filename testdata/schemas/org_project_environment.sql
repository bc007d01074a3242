-- Three levels, the innermost under two names; inner tables carry only what they lie in, and some keys are not declared.
create table "Organization" (id text primary key, slug text not null);
create table "Project" (id text primary key, "organizationId" text not null references "Organization", name text);
create table "RuntimeEnvironment" (id text primary key, "projectId" text not null references "Project", "organizationId" text not null references "Organization");
create table "Deployment" (id text primary key, "projectId" text not null references "Project", "environmentId" text not null references "RuntimeEnvironment");
create table "Secret" (id text primary key, "projectId" text not null references "Project", key text not null);
create table "Webhook" (id text primary key, "projectId" text not null references "Project");
create table "Alert" (id text primary key, "projectId" text not null references "Project");
create table "Run" (id text primary key, "runtimeEnvironmentId" text not null, status text not null);
create table "Attempt" (id text primary key, "runId" text not null references "Run");
create table "Queue" (id text primary key, "runtimeEnvironmentId" text not null references "RuntimeEnvironment", name text not null);
create table "Session" (id text primary key, "environmentId" text not null references "RuntimeEnvironment", "ipAddress" text);
create table "Counter" (id text primary key, "runtimeEnvironmentId" text not null references "RuntimeEnvironment");
create table "Team" (id text primary key, "organizationId" text not null references "Organization", name text);
create table "User" (id text primary key, email text not null);
create table "TeamUser" ("teamId" text not null references "Team", "userId" text not null references "User", role text not null, primary key ("teamId", "userId"));
