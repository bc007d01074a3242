-- A schema per tenant, all alike.
create table plans (id int primary key, name text);
do $$ declare s text; begin
  foreach s in array array['acme', 'globex', 'initech'] loop
    execute format('create schema %I', s);
    execute format('create table %I.customers (id int primary key, name text)', s);
    execute format('create table %I.orders (id int primary key, customer_id int not null references %I.customers)', s, s);
  end loop;
end $$;
